'use strict';

// Draws the pictures of a report file over the tables that stand in it, from the story beside them. Nothing is asked of
// anybody: what is not in the file is not shown.

(function () {
  const P = globalThis.CutoverPictures;
  const story = JSON.parse(document.getElementById('story').textContent);
  const now = P.ms(story.now);

  const draw = {
    phases: (host) => P.phases(host, story.phases, now),
    legend: (host, spreading) => P.legend(host, spreading),
    spread: (host, spreading) => P.spread(host, spreading, now),
    map: (host, spreading) => {
      const known = P.map(host, spreading);
      host.hidden = known === 0;
    },
    operators: (host, spreading) => P.strips(host, spreading, 'operator', 40),
    continents: (host, spreading) => P.strips(host, spreading, 'continent', 10),
    certificates: (host) => {
      const last = story.certificates[story.certificates.length - 1];
      if (last) P.certificates(host, last, now);
    },
    visitors: (host) => visitors(host, story.availability),
  };

  /** Visits over time, one bar for each stretch: who reached the old side, the new side, nobody. */
  function visitors(host, seen) {
    const stretches = (seen && seen.over_time) || [];
    if (stretches.length < 2) return;
    const svg = (tag, attributes, ...children) => {
      const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      made.append(...children);
      return made;
    };
    const width = Math.max(280, host.clientWidth || 720);
    const height = 150;
    const bottom = height - 22;
    const first = P.ms(stretches[0].at);
    const last = P.ms(stretches[stretches.length - 1].at);
    const most = Math.max(1, ...stretches.map((s) => s.reached_old + s.reached_new + s.failed));
    const bar = Math.max(1, (width - 48) / 121 - 0.5);
    const x = (at) => 40 + ((at - first) / Math.max(1, last - first)) * (width - 48 - bar);
    const all = [svg('path', { class: 'grid', d: 'M40 ' + bottom + 'H' + (width - 8) })];
    for (const stretch of stretches) {
      let from = bottom;
      for (const [count, kind] of [[stretch.reached_new, 'new'], [stretch.reached_old, 'old'], [stretch.failed, 'failed']]) {
        const tall = (count / most) * (bottom - 12);
        from -= tall;
        if (count > 0)
          all.push(svg('rect', { class: 'visit ' + kind, x: x(P.ms(stretch.at)).toFixed(1), y: from.toFixed(1), width: bar.toFixed(1), height: tall.toFixed(1) }));
      }
    }
    const label = (at, y, kind, words) => {
      const made = svg('text', { x: at, y, class: kind });
      made.textContent = words;
      return made;
    };
    all.push(label(35, 16, 'end', String(most)), label(35, bottom, 'end', '0'), label(40, height - 5, '', P.utcText(first)),
      label(width - 8, height - 5, 'end', P.utcText(last)));
    host.replaceChildren(svg('svg', {
      viewBox: '0 0 ' + width + ' ' + height, class: 'picture visits', role: 'img',
      'aria-label': 'Visits over time: ' + seen.reached_old + ' reached the old side, ' + seen.reached_new + ' the new side, ' + seen.failed + ' failed',
    }, ...all));
  }

  function drawAll() {
    for (const host of document.querySelectorAll('[data-picture]')) {
      const nth = host.dataset.of;
      draw[host.dataset.picture](host, nth === undefined ? null : story.propagation[Number(nth)]);
    }
    document.body.classList.add('drawn');
  }

  drawAll();
  let waiting = 0;
  addEventListener('resize', () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(drawAll);
  });
  // On paper nothing can be unfolded.
  addEventListener('beforeprint', () => {
    for (const each of document.querySelectorAll('details')) each.open = true;
  });
})();
