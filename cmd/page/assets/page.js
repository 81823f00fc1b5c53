'use strict';

// The live page: takes the story as it comes (server-sent events; asking again and again where those cannot be had) and
// hands its parts to pictures.js. Parts are drawn one by one, each in a task of its own, and only when they differ.

(function () {
  const P = globalThis.CutoverPictures;
  const $ = (id) => document.getElementById(id);
  const POLL = 5000;
  const RETRY = 2000;

  let story = null;
  let arrived = 0;  // performance.now() when the story's `now` was known to be true
  let wholeTable = false;

  /** The story's own time; in a rehearsal it runs as it likes, so it is only what was told last. */
  function now() {
    if (!story) return Date.now();
    return P.ms(story.now) + (story.rehearsal ? 0 : performance.now() - arrived);
  }
  function spreading() {
    const all = story ? story.propagation : [];
    return all.length ? all[all.length - 1] : null;
  }

  // ---- drawing ------------------------------------------------------------------------------------------------------

  const waiting = new Set();
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    const [job] = waiting;
    if (!job) return;
    waiting.delete(job);
    if (waiting.size) channel.port2.postMessage(0);  // before the job: a picture that fails holds up no other
    job();
  };
  /** Each job at most once in the queue, each in a task of its own: the page stays quick to the hand. */
  function later(...jobs) {
    const idle = waiting.size === 0;
    for (const job of jobs) waiting.add(job);
    if (idle && waiting.size) channel.port2.postMessage(0);
  }

  const draw = {
    plan() {
      const name = P.clean(story.plan.name);
      P.setText($('plan-name'), name.length > 60 ? name.slice(0, 59) + '…' : name);
      $('plan-name').title = name;
      P.setText($('plan-file'), P.clean(story.plan.file) + (story.plan.hash ? ' · ' + P.clean(story.plan.hash).slice(0, 12) : ''));
      $('rehearsal').hidden = !story.rehearsal;
    },
    answer() {
      const { answer } = story;
      const over = story.phases.length > 0 && story.phases.every((p) => p.state === 'done');
      const opens = P.ms(answer.opens_at);
      const waits = !answer.go && opens > now();
      $('answer').className = 'answer ' + (answer.go ? 'go' : waits ? 'waits' : 'stop');
      P.setText($('answer-word'), over ? '✓ DONE' : answer.go ? '▶ GO ON' : waits ? '◷ WAIT' : '■ NOT YET');
      sentence($('answer-headline'), answer.headline, '');
      $('answer-next').hidden = !answer.next;
      sentence($('answer-next'), answer.next, 'Next: ');
      draw.when();
      announce((over ? 'Done. ' : answer.go ? 'Go on. ' : waits ? 'Wait. ' : 'Not yet. ') + P.clean(answer.headline));
    },
    /** When: by time alone, or when the longest old answer that was seen ends, whichever is later. */
    when() {
      const { answer } = story;
      const p = spreading();
      const sure = P.ms(answer.opens_at);
      const likely = p && !p.converged_at && !p.ended_at ? P.ms(p.observed_at) : NaN;
      const at = answer.go ? NaN : likely > now() && !(sure > likely) ? likely : sure > now() ? sure : NaN;
      if (Number.isNaN(at)) return $('answer-when').replaceChildren();
      const instant = new Date(at).toISOString();
      $('answer-when').replaceChildren(P.countdown(instant, now(), 'any moment'), P.make('small', null, at === sure ? 'at ' : 'by the longest old answer seen: ', P.moment(instant, now())));
    },
    phases: () => P.phases($('phases'), story.phases, now()),
    gates() {
      $('gates-section').hidden = story.gates.length === 0;
      const open = story.gates.filter((g) => g.open && !g.overridden);
      const others = story.gates.filter((g) => !g.open || g.overridden);
      const closed = others.filter((g) => !g.overridden).length;
      P.setText($('gates-before'), closed ? closed + ' of ' + story.gates.length + ' closed' : others.length ? 'open, ' + others.length + ' of them overridden' : 'all ' + story.gates.length + ' open');
      P.gates($('gates'), others, now());
      $('gates-more').hidden = open.length === 0;
      P.setText($('gates-summary'), '✓ ' + P.counted(open.length, 'open gate'));
      P.gates($('gates-open'), open, now());
    },
    sets() {
      $('sets-section').hidden = story.sets.length === 0;
      P.sets($('sets'), story.sets, now());
    },
    spreadText() {
      const p = spreading();
      document.body.classList.toggle('spreading', p !== null);
      for (const id of ['spread-section', 'map-section', 'slow-section', 'strips-section']) $(id).hidden = p === null;
      if (!p) return;
      P.setText($('spread-heading'), p.of === 'rollback' ? 'The way back, spreading' : 'The swap, spreading');
      P.setText($('spread-why'), P.clean(p.why));
      P.legend($('spread-legend'), p);
      const sure = P.ms(p.bound_at) <= now();
      const rows = [['Sure (bound: served + old TTL)', p.bound_at, 'passed']];
      if (!p.converged_at) rows.push(['Likely (longest old answer seen)', p.observed_at, 'any moment']);
      if (p.converged_at) rows.push(['Converged', p.converged_at, '']);
      P.list($('estimates'), rows, (r) => r[0], (r) => r[1] + (r[1] === p.bound_at ? sure : ''), ([name, at, over]) => P.make('div', null, P.make('dt', null, name),
        P.make('dd', null, at ? P.moment(at, now()) : '–', at && over ? ' ' : null, at && over ? P.countdown(at, now(), over) : null)));
    },
    spread() {
      if (spreading()) P.spread($('spread'), spreading(), now());
    },
    map() {
      const p = spreading();
      if (!p) return;
      const placed = P.map($('map'), p);
      $('map').hidden = placed === 0;
      P.setText($('map-note'), P.counted(placed, 'resolver') + ' with a known place' + (story.rehearsal ? '; in a rehearsal the places are made up' : ''));
      const other = P.placeless($('placeless'), p, 40);
      $('placeless-heading').hidden = $('placeless').hidden = other === 0;
    },
    slowest() {
      const p = spreading();
      if (p) P.setText($('slow-heading'), 'Who is slow' + (P.slowest($('slowest'), p, now(), 8) ? '' : ': nobody'));
    },
    strips() {
      const p = spreading();
      if (!p) return;
      P.strips($('operators'), p, 'operator', 10);
      P.strips($('continents'), p, 'continent', 8);
    },
    table() {
      if (wholeTable && spreading()) P.resolverTable($('table'), spreading(), now(), $('table-find').value, 100);
    },
    certificates() {
      const all = story.certificates;
      if (all.length) P.certificates($('certificates'), all[all.length - 1], now());
    },
    monitor() {
      $('monitor-section').hidden = !story.monitor;
      if (story.monitor) P.monitor($('monitor'), story.monitor, now());
    },
    visits() {
      const v = story.availability;
      $('visits-section').hidden = !v;
      if (v) P.setText($('visits'), P.counted(v.visits, 'visit') + ': ' + v.reached_old + ' reached the old side, ' + v.reached_new + ' the new one, ' + v.failed + ' failed' + (v.first_failure ? ' (first: ' + P.clean(v.first_failure) + ')' : ''));
    },
    events: () => P.events($('events'), story.events, now(), 200),
    writes: () => P.writes($('writes'), story.writes, now()),
  };
  const SPREADING = [draw.spreadText, draw.spread, draw.map, draw.slowest, draw.strips, draw.table];
  const BY_PART = {
    plan: [draw.plan], answer: [draw.answer], phases: [draw.phases], gates: [draw.gates], sets: [draw.sets], propagation: [...SPREADING, draw.when],
    certificates: [draw.certificates], monitor: [draw.monitor], availability: [draw.visits], events: [draw.events], writes: [draw.writes],
  };

  function sentence(element, text, before) {
    const print = before + text + (story.rehearsal ? '' : new Date(now()).toDateString());
    if (element.dataset.print === print) return;
    element.dataset.print = print;
    element.replaceChildren(before, P.prose(text ?? '', now()));
  }
  /** To screen readers: what changed in the answer, at most once in ten seconds. */
  let announced = '';
  let announcedAt = -Infinity;
  function announce(text) {
    if (text === announced || performance.now() - announcedAt < 10000) return;
    announced = text;
    announcedAt = performance.now();
    P.setText($('announcement'), text);
  }
  function everySecond() {
    if (!story) return;
    const at = now();
    P.tick(document, at);
    P.setText($('clock'), P.moment(new Date(at).toISOString(), at).textContent);
    $('clock').title = P.utcText(at) + ' UTC';
    const opens = P.ms(story.answer.opens_at);
    const left = !story.answer.go && opens > at ? P.span(opens - at) : '';
    document.title = $('answer-word').textContent.replace('WAIT', left || 'wait').toLowerCase() + ' · ' + P.clean(story.plan.name).slice(0, 40);
    if (!story.answer.go && (opens > at) !== $('answer').classList.contains('waits')) later(draw.answer);
  }

  // ---- what comes ---------------------------------------------------------------------------------------------------

  function takeStory(whole) {
    story = whole;
    arrived = performance.now();
    document.body.classList.remove('loading');
    $('ended').hidden = true;
    later(...new Set(Object.values(BY_PART).flat()), everySecond);
  }
  function takeUpdate(update) {
    if (!story) return;
    story.now = update.now;
    arrived = performance.now();
    for (const [part, value] of Object.entries(update.parts)) {
      story[part] = value;
      if (BY_PART[part]) later(...BY_PART[part]);
    }
    if (update.spreading) {
      const p = story.propagation[update.spreading.index];
      for (const [index, side, verdict, expires] of update.spreading.resolvers) Object.assign(p.resolvers[index], { side, verdict, expires_at: expires });
      p.turns.push(...update.spreading.turns);
      Object.assign(p, update.spreading.facts);
    }
    if (update.spreading || spreading() && !spreading().converged_at) later(...(update.spreading ? [...SPREADING, draw.when] : [draw.spread]));
    later(everySecond);
  }
  function takeEnd() {
    $('ended').hidden = false;
    P.setText($('ended'), 'The program has ended; what you see is the last state' + (story ? ', of ' + P.moment(story.now, Date.now()).textContent : '') + '. This page comes back by itself when the program is started again.');
  }

  // ---- the connection -----------------------------------------------------------------------------------------------

  function link(state, words) {
    $('link').className = 'link ' + state;
    P.setText($('link'), words);
  }
  let source = null;
  function listen() {
    source = new EventSource('/events');
    source.addEventListener('story', (event) => {
      link('live', 'live');
      takeStory(JSON.parse(event.data));
    });
    source.addEventListener('update', (event) => takeUpdate(JSON.parse(event.data)));
    source.addEventListener('end', () => {
      takeEnd();
      link('lost', 'ended; trying again');
      again(RETRY);
    });
    source.onerror = () => ask();
  }
  function again(after) {
    if (source) source.close();
    source = null;
    setTimeout(listen, after);
  }
  /** The stream cannot be had: too many are watching, or the program is gone. */
  async function ask() {
    if (source) source.close();
    source = null;
    try {
      const answer = await fetch('/story.json', { cache: 'no-store' });
      if (answer.ok) {
        takeStory(await answer.json());
        link('polling', 'every few seconds');
      } else if (answer.status === 403) {
        link('lost', 'not allowed: open the address that the program printed');
      }
      again(answer.ok || answer.status === 403 ? POLL : RETRY);
    } catch {
      link('lost', 'no connection; trying again');
      again(RETRY);
    }
  }

  // ---- the reader's hand --------------------------------------------------------------------------------------------

  if (location.search) history.replaceState(null, '', '/');  // the token is in a cookie now
  $('table-section').addEventListener('toggle', () => {
    wholeTable = $('table-section').open;
    later(draw.table);
  });
  $('table-find').addEventListener('input', () => later(draw.table));
  $('map').addEventListener('mousemove', (event) => {
    const box = $('map').getBoundingClientRect();
    const p = spreading();
    const index = p ? P.nearest($('map'), event.clientX - box.left, event.clientY - box.top) : null;
    if (index === null) return;
    const each = p.resolvers[index];
    $('map-at').replaceChildren(P.bdi(each.id, 60), ' · ', P.bdi(P.where(each), 50), ' · ' + P.sideLabel(each.side, p.of) + ' (' + P.clean(each.verdict || 'not asked yet') + ')');
  });
  new ResizeObserver(() => story && later(draw.spread, draw.map)).observe(document.body);
  setInterval(() => {
    if (story && !story.rehearsal) {
      everySecond();
      if (!document.hidden && spreading() && !spreading().converged_at) later(draw.spread);
    }
  }, 1000);
  listen();
})();
