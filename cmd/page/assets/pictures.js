'use strict';

// Pictures of a cutover's story, drawn from its JSON form: the live page and the report file use the same functions.
// Every function takes the element to draw into and a part of the story; called again with the same element it changes
// what differs and leaves the rest alone. Text reaches the document through textContent alone, never as markup, and
// shows what it is made of: control and direction characters are spelt out.

(function (global) {
  // 2-degree cells from 84 N to 58 S, row by row from 180 W, one bit each: at least half of the cell's sample points lie
  // on land. A fact of geography, read off the public-domain map of Natural Earth (1:110m land).
  const LAND =
    'AAAAAAAAf8Af+AAAAAAAAAAAAAAAAAAAAAAAA//////+AAAAAAAADgAAAAAAAAAAAAFf8f///4AA8AAAAAB8AAAAAAAAAABgAz4f' +
    '///wAAYAAAEAAGAAAAAAAAAAAPivwAf//wAAAAADgAP/4AHAAAAAAAD8m34AP//gAAAAAMBD///8DAAAADwACfw3/gH//gAAA4AE' +
    'Hf//////gAf///////////////z8NnGwAAAAAAAAP///////////////gANAAgAAAAAAAAB///////////////9////////////+' +
    'AP/////wA4B4AAAH5////////////+Af/////gHgA4AAAP5///////////PwAHgP///gH0AAAAAH4//////////CIAADAB///4D+' +
    'AAAAGCx/////////8A8AAAAA////n/gAAAKCD/////////wA4AAAAAf///v/wAAAbP///////////AwAAAAAP/////wAAAD/////' +
    '//////9AAAAAAAH////8YAAAD///////////9AAAAAAAD////8AAAAB///////////5AAAAAAAD////+AAAAB//5fP//////wAAA' +
    'AAAAD////gAAAAPxnwPP//////jAAAAAAAD////AAAAAfiT//n/////+CAAAAAAAD///+AAAAAfADf/n////+MCAAAAAAAB///8A' +
    'AAAAOOBP///////mOAAAAAAAA///8AAAAAH+AA///////E8AAAAAAAAf//wAAAAAP/gB///////hAAAAAAAAAP//gAAAAAf/7///' +
    '/////gAAAAAAAAAD/gwAAAAAf////f/////gAAAAAAAAAF+AQAAAAB///+/v/////AAAAAAAAAAC+AAAAAAD/////03////AAAAA' +
    'AAAAAAeAQAAAAD////f/D///8gAAAAAAAAAAeEEAAAAH////v+B/z/AAAAAAAAAAAAPMBgAAAD////v+A/B+gAAAAAAAAAAAD8AA' +
    'AAAD////34AeB/AgAAAAAAAAAAAPAAAAAH////3wAcAfggAAAAAAAAAAADAAAAAH////+AAcAfgQAAAAAAAAAAABBwAAAD////9w' +
    'AMATAQAAAAAAAAAAAAz/AAAB/////gAKAQAIAAAAAAAAAAAAH/gAAA/////gACAIAIAAAAAAAAAAAAH/8AAAfH///AAAAsGAAAAA' +
    'AAAAAAAAH/+AAAAB//+AAAAUOAAAAAAAAAAAAAP/+AAAAB//8AAAAc+AAAAAAAAAAAAAP//gAAAD//4AAAAMeggAAAAAAAAAAAP/' +
    '/8AAAB//wAAAAGdg+AAAAAAAAAAAf///AAAA//wAAAACAAPkAAAAAAAAAAP///gAAA//wAAAABwAHwAAAAAAAAAAH///AAAA//wA' +
    'AAAAAIDYAAAAAAAAAAH///AAAAf/wAAAAAAAAAAAAAAAAAAAD//+AAAA//wgAAAAABxAAAAAAAAAAAD//+AAAA//wgAAAAAPxgAA' +
    'AAAAAAAAA//+AAAA//zgAAAAAf/gAAAAAAAAAAAf/8AAAA//DgAAAAAf/wAAAAAAAAAAAf/8AAAAf/DAAAAAD//4AAAAAAAAAAAf' +
    '/4AAAAf/DAAAAAH//4AAAAAAAAAAAf/AAAAAf+CAAAAAH//8AAAAAAAAAAA//AAAAAP8AAAAAAH//+AAAAAAAAAAA/+AAAAAP8AA' +
    'AAAAH//+AAAAAAAAAAA/+AAAAAH4AAAAAAD//+AAAAAAAAAAA/8AAAAAHwAAAAAADwf8AAAAAAAAAAA/4AAAAAAAAAAAAACAH4AA' +
    'AAAAAAAAB/wAAAAAAAAAAAAAAAD4AEAAAAAAAAB/AAAAAAAAAAAAAAAAAAAGAAAAAAAAB8AAAAAAAAAAAAAAAAAQAMAAAAAAAAB8' +
    'AAAAAAAAAAAAAAAAAQAYAAAAAAAAB4AAAAAAAAAAAAAAAAAAAwAAAAAAAAD4AAAAAAAAAAAAAAAAAAAAAAAAAAAAD4AAAAAAAAAA' +
    'AAAAAAAAAAAAAAAAAADwAAAAAAAAAAAAAAAAAAAAAAAAAAAABwAAAAAAAAAAAAAAAAAAAAAAAAAAAAA4AAAAAAAAAAAAAAAAAAAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
  const LAND_STEP = 2;
  const LAND_NORTH = 84;
  const LAND_COLUMNS = 180;
  const LAND_ROWS = 71;

  const SIDES = ['new', 'other', 'silent', 'old'];  // from the bottom of a stack to its top
  const GLYPH = { new: '●', old: '▲', other: '◆', silent: '○' };
  const SVG = 'http://www.w3.org/2000/svg';
  const FIGURE = new WeakMap();  // what a picture keeps between two drawings, by the element it was drawn into

  // ---- text ---------------------------------------------------------------------------------------------------------

  /** What nobody can see, or what would turn the text around it, is spelt out. */
  const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\uffff]/g;
  function clean(text) {
    return String(text ?? '').replace(HIDDEN, (c) => '\\u{' + c.charCodeAt(0).toString(16).padStart(4, '0') + '}');
  }

  /** An HTML element. Attributes: a value, or null for none. Children: elements, text, or null. */
  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {}))
      if (value !== null && value !== undefined) made.setAttribute(name, value);
    for (const child of children) if (child !== null && child !== undefined) made.append(child);
    return made;
  }
  function draw(tag, attributes, ...children) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes ?? {})) if (value !== null) made.setAttribute(name, value);
    for (const child of children) if (child !== null) made.append(child);
    return made;
  }
  /** Text of unknown direction, isolated from what stands around it; long text is elided, the whole of it is the title. */
  function bdi(text, most) {
    const whole = clean(text);
    const limit = most ?? 200;
    const made = make('bdi', { title: whole.length > limit ? whole : null });
    made.textContent = whole.length > limit ? whole.slice(0, limit - 1) + '…' : whole;
    return made;
  }
  /** A domain name as people write it. */
  function hostname(name) {
    return name && name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name;
  }
  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }
  function setAttribute(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
  function counted(n, noun) {
    return n + ' ' + noun + (n === 1 ? '' : 's');
  }

  // ---- time ---------------------------------------------------------------------------------------------------------

  const FORMATS = {};  // made when first wanted: the browser reads its language data for them
  function format(name, options) {
    return (FORMATS[name] ??= new Intl.DateTimeFormat(undefined, options));
  }
  const CLOCK = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false };
  const DAY = { weekday: 'short', day: 'numeric', month: 'short' };
  function ms(instant) {
    return instant ? Date.parse(instant) : NaN;
  }
  function localText(instant, now) {
    const at = new Date(instant);
    const near = now === undefined ? new Date() : new Date(now);
    const clock = format('clock', CLOCK).format(at);
    return at.toDateString() === near.toDateString() ? clock : format('day', DAY).format(at) + ', ' + clock;
  }
  function utcText(instant) {
    return new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
  }
  /** A moment in the reader's own time, with UTC in the title. */
  function moment(instant, now) {
    const at = ms(instant);
    if (Number.isNaN(at)) return make('span', { class: 'none' }, '–');
    const made = make('time', { datetime: utcText(at), title: utcText(at) + ' UTC' });
    made.textContent = localText(at, now);
    return made;
  }
  const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;
  /** A sentence: its moments in the reader's own time, what stands between back quotes as code. */
  function prose(text, now, most) {
    const made = bdi(text, most ?? 600);
    const parts = made.textContent.split('`');
    made.replaceChildren();
    parts.forEach((each, nth) => {
      const into = nth % 2 ? make('code') : made;
      each.split(INSTANT).forEach((piece, at) => into.append(at % 2 && !Number.isNaN(ms(piece)) ? moment(piece, now) : piece));
      if (into !== made) made.append(into);
    });
    return made;
  }
  /** `1 d 2 h`, `4 min 10 s`: the two largest units. */
  function span(milliseconds) {
    let s = Math.max(0, Math.round(milliseconds / 1000));
    const parts = [];
    for (const [size, unit] of [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']]) {
      const n = Math.floor(s / size);
      s -= n * size;
      if (n > 0 || (unit === 's' && parts.length === 0)) parts.push(n + ' ' + unit);
      if (parts.length === 2 || (parts.length > 0 && n === 0)) break;
    }
    return parts.join(' ');
  }
  /** A countdown. tick() moves it on; what it says when the time is over comes with it. */
  function countdown(instant, now, over) {
    const at = ms(instant);
    if (Number.isNaN(at)) return make('span', { class: 'none' }, '–');
    const made = make('span', { class: 'countdown', 'data-until': at, 'data-over': over ?? 'now', title: utcText(at) + ' UTC' });
    made.textContent = at > now ? 'in ' + span(at - now) : over ?? 'now';
    return made;
  }
  function tick(root, now) {
    for (const each of root.querySelectorAll('[data-until]')) {
      const at = Number(each.dataset.until);
      setText(each, at > now ? 'in ' + span(at - now) : each.dataset.over);
    }
  }

  // ---- keyed lists --------------------------------------------------------------------------------------------------

  /**
   * Makes `parent` hold one element per item, in order; items whose key and print are unchanged keep their element, so
   * that focus, selection and scroll positions survive.
   */
  function list(parent, items, key, print, build) {
    const known = FIGURE.get(parent) ?? new Map();
    const next = new Map();
    let at = parent.firstElementChild;
    for (const item of items) {
      const id = key(item);
      const mark = print(item);
      let entry = known.get(id);
      if (!entry || entry.mark !== mark) {
        const element = build(item);
        if (entry) {
          if (at === entry.element) at = element;
          entry.element.replaceWith(element);
        }
        entry = { element, mark };
      }
      next.set(id, entry);
      if (entry.element === at) at = at.nextElementSibling;
      else parent.insertBefore(entry.element, at);
    }
    while (at) {
      const gone = at;
      at = at.nextElementSibling;
      gone.remove();
    }
    FIGURE.set(parent, next);
  }
  function part(host, name, tag, attributes) {
    let found = host.querySelector(':scope > [data-part="' + name + '"]');
    if (!found) {
      found = make(tag, { ...attributes, 'data-part': name });
      host.append(found);
    }
    return found;
  }

  // ---- sides --------------------------------------------------------------------------------------------------------

  function sideLabel(side, of) {
    const back = of === 'rollback';
    switch (side) {
      case 'new': return back ? 'restored answer' : 'new answer';
      case 'old': return back ? 'answer being undone' : 'old answer';
      case 'other': return 'another answer';
      default: return 'no answer';
    }
  }
  function mark(side) {
    return make('span', { class: 'mark ' + side, 'aria-hidden': 'true' }, GLYPH[side]);
  }
  function countSides(resolvers) {
    const counts = { new: 0, old: 0, other: 0, silent: 0 };
    for (const each of resolvers) counts[each.side]++;
    return counts;
  }
  function percent(part, whole) {
    return whole === 0 ? '0 %' : Math.floor((100 * part) / whole) + ' %';
  }
  /** `● 12 new answer  ▲ 3 old answer ...` */
  function legend(host, propagation) {
    const counts = countSides(propagation.resolvers);
    list(host, SIDES.slice().reverse(), (s) => s, (s) => propagation.of + counts[s], (side) =>
      make('li', null, mark(side), ' ', make('b', null, String(counts[side])), ' ' + sideLabel(side, propagation.of)));
  }

  // ---- the map ------------------------------------------------------------------------------------------------------

  function landPath() {
    const bytes = atob(LAND);
    let d = '';
    for (let row = 0; row < LAND_ROWS; ++row)
      for (let column = 0; column < LAND_COLUMNS; ++column) {
        const bit = row * LAND_COLUMNS + column;
        if (bytes.charCodeAt(bit >> 3) & (128 >> (bit & 7)))
          d += 'M' + (column * LAND_STEP + 1) + ' ' + (row * LAND_STEP + 1) + 'h0';
      }
    return d;
  }
  const SHAPE = {
    new: (x, y, r) => circle(x, y, r),
    silent: (x, y, r) => circle(x, y, r * 0.8),
    old: (x, y, r) => 'M' + f(x) + ' ' + f(y - 1.35 * r) + 'l' + f(1.25 * r) + ' ' + f(2.2 * r) + 'h' + f(-2.5 * r) + 'z',
    other: (x, y, r) => 'M' + f(x) + ' ' + f(y - 1.3 * r) + 'l' + f(1.3 * r) + ' ' + f(1.3 * r) + 'l' + f(-1.3 * r) + ' ' +
      f(1.3 * r) + 'l' + f(-1.3 * r) + ' ' + f(-1.3 * r) + 'z',
  };
  function f(n) {
    return String(Math.round(n * 100) / 100);
  }
  function byText(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  function circle(x, y, r) {
    const d = f(2 * r);
    return 'M' + f(x - r) + ' ' + f(y) + 'a' + f(r) + ' ' + f(r) + ' 0 1 0 ' + d + ' 0a' + f(r) + ' ' + f(r) + ' 0 1 0 -' + d + ' 0';
  }
  /** Where each resolver's mark goes: its place; those of one place around it in a spiral. */
  function spots(resolvers, size) {
    const seen = new Map();
    const out = [];
    resolvers.forEach((each, index) => {
      if (each.lat === null || each.lat === undefined || each.lon === null || each.lon === undefined) return;
      const cell = Math.round(each.lat) + ' ' + Math.round(each.lon);
      const nth = seen.get(cell) ?? 0;
      seen.set(cell, nth + 1);
      const away = 1.7 * size * Math.sqrt(Math.min(nth, 60));
      const x = Math.min(358, Math.max(2, each.lon + 180 + away * Math.cos(nth * 2.4)));
      const y = Math.min(140, Math.max(2, LAND_NORTH - each.lat + away * Math.sin(nth * 2.4)));
      out.push({ index, x, y });
    });
    return out;
  }
  /** The world with every resolver whose place is known. Answers how many those are. */
  function map(host, propagation) {
    let figure = FIGURE.get(host);
    if (!figure) {
      const root = draw('svg', { viewBox: '0 3 360 135', class: 'picture map', role: 'img' });
      const title = draw('title');
      root.append(title, draw('path', { class: 'land', d: landPath() }));
      figure = { root, title, sides: {} };
      for (const side of ['silent', 'new', 'other', 'old']) {
        figure.sides[side] = draw('path', { class: 'dot ' + side });
        root.append(figure.sides[side]);
      }
      host.replaceChildren(root);
      FIGURE.set(host, figure);
    }
    const { resolvers } = propagation;
    const width = host.clientWidth || 720;
    const size = ((resolvers.length > 400 ? 2.6 : resolvers.length > 80 ? 3.6 : 5) * 360) / width;
    if (figure.of !== resolvers || figure.size !== size) {
      figure.spots = spots(resolvers, size);
      figure.of = resolvers;
      figure.size = size;
      figure.drawn = {};
    }
    const d = { new: '', old: '', other: '', silent: '' };
    for (const spot of figure.spots) {
      const side = resolvers[spot.index].side;
      d[side] += spot[side] ??= SHAPE[side](spot.x, spot.y, size);
    }
    for (const side of SIDES) {
      if (figure.drawn[side] === d[side]) continue;
      figure.drawn[side] = d[side];
      figure.sides[side].setAttribute('d', d[side]);
    }
    const placed = figure.spots.map((spot) => resolvers[spot.index]);
    const counts = countSides(placed);
    setText(figure.title, 'World map of ' + counted(placed.length, 'resolver') + ' with a known place: ' +
      SIDES.map((side) => counts[side] + ' ' + sideLabel(side, propagation.of)).join(', '));
    return placed.length;
  }
  /** The resolver whose mark is nearest to a point of the picture (pixels within `host`), or null. */
  function nearest(host, x, y) {
    const figure = FIGURE.get(host);
    if (!figure || !figure.spots) return null;
    const box = figure.root.getBoundingClientRect();
    const scale = 360 / box.width;
    let best = null;
    let least = (14 * scale) ** 2;
    for (const spot of figure.spots) {
      const away = (spot.x - x * scale) ** 2 + (spot.y - 3 - y * scale) ** 2;
      if (away < least) {
        least = away;
        best = spot.index;
      }
    }
    return best;
  }
  /** Those without a place, by country or, where they are everywhere, by operator. Answers how many those are. */
  function placeless(host, propagation, most) {
    const groups = new Map();
    let total = 0;
    for (const each of propagation.resolvers) {
      if (each.lat !== null && each.lat !== undefined) continue;
      ++total;
      const name = each.country ? each.country : each.operator || each.id;
      let group = groups.get(name);
      if (!group) groups.set(name, (group = { name, note: each.country ? 'country' : 'everywhere', new: 0, old: 0, other: 0, silent: 0 }));
      group[each.side]++;
    }
    const all = [...groups.values()].sort((a, b) => b.old - a.old || b.other - a.other || byText(a.name, b.name));
    const shown = all.slice(0, most ?? 40);
    const items = shown.map((group) => ({ ...group, rest: 0 }));
    if (all.length > shown.length) items.push({ name: '', rest: all.length - shown.length });
    list(host, items, (g) => g.name, (g) => [g.new, g.old, g.other, g.silent, g.rest].join(' '), (g) => {
      if (g.rest) return make('li', { class: 'rest' }, 'and ' + g.rest + ' more');
      const made = make('li', { title: g.note === 'country' ? 'country ' + clean(g.name) : 'many places (anycast), or not known' }, bdi(g.name, 28));
      for (const side of SIDES.slice().reverse())
        if (g[side] > 0)
          made.append(' ', mark(side), make('span', { class: 'hidden' }, sideLabel(side, propagation.of) + ' '), String(g[side]));
      return made;
    });
    return total;
  }

  // ---- propagation over time ----------------------------------------------------------------------------------------

  /** Counts per side at `columns` moments from `from` to `to` (milliseconds since served_at). */
  function curve(propagation, from, to, columns) {
    const { turns, resolvers } = propagation;
    const side = new Array(resolvers.length).fill('silent');
    const count = { new: 0, old: 0, other: 0, silent: resolvers.length };
    const out = [];
    let next = 0;
    for (let column = 0; column <= columns; ++column) {
      const until = from + ((to - from) * column) / columns;
      for (; next < turns.length && turns[next][0] <= until; ++next) {
        const [, who, became] = turns[next];
        if (who >= side.length) continue;
        count[side[who]]--;
        side[who] = became;
        count[became]++;
      }
      out.push({ new: count.new, old: count.old, other: count.other, silent: count.silent });
    }
    return out;
  }
  function tickStep(milliseconds) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800];
    for (const step of steps) if (milliseconds / (step * 1000) <= 6) return step * 1000;
    return 2419200000;
  }
  function upright(x, top, bottom, kind) {
    return draw('path', { class: kind, d: 'M' + f(x) + ' ' + top + 'V' + bottom });
  }
  /** Share of resolvers on each side over time; marks for the bound, the observed estimate and now. */
  function spread(host, propagation, now) {
    const served = ms(propagation.served_at);
    const bound = ms(propagation.bound_at) - served;
    const observed = ms(propagation.observed_at) - served;
    const converged = ms(propagation.converged_at) - served;
    const turns = propagation.turns;
    const last = turns.length ? turns[turns.length - 1][0] : 0;
    const here = Number.isNaN(converged) ? Math.max(last, now - served) : Math.max(last, converged);
    const from = Math.min(0, turns.length ? turns[0][0] : 0);
    const to = Math.max(1000, 1.06 * Math.max(here, bound || 0, observed || 0, converged || 0));
    const width = Math.max(280, host.clientWidth || 720);
    const height = Math.max(170, Math.min(260, Math.round(width * 0.36)));
    const box = { left: 40, right: width - 8, top: 30, bottom: height - 22 };
    const x = (t) => box.left + ((t - from) / (to - from)) * (box.right - box.left);
    const total = Math.max(1, propagation.resolvers.length);
    const y = (n) => box.bottom - (n / total) * (box.bottom - box.top);

    const columns = Math.min(240, Math.round(width / 3));
    const counts = curve(propagation, from, here, columns);
    const step = (x(here) - x(from)) / columns;
    const areas = [];
    const below = new Array(columns + 1).fill(0);
    for (const side of SIDES) {
      let up = '';
      let down = '';
      for (let i = 0; i <= columns; ++i) {
        const at = f(x(from) + i * step);
        const under = f(y(below[i]));
        below[i] += counts[i][side];
        up += (i ? 'L' : 'M') + at + ' ' + f(y(below[i]));
        down = 'L' + at + ' ' + under + down;
      }
      areas.push(draw('path', { class: 'area ' + side, d: up + down + 'z' }));
    }

    const axis = [];
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
      axis.push(draw('path', { class: 'grid', d: 'M' + box.left + ' ' + f(y(share * total)) + 'H' + box.right }));
      axis.push(label(box.left - 5, y(share * total) + 4, 'axis end', share * 100 + ' %'));
    }
    const every = tickStep(to - from);
    for (let t = Math.ceil(from / every) * every; t <= to; t += every) {
      axis.push(draw('path', { class: 'grid', d: 'M' + f(x(t)) + ' ' + box.bottom + 'v4' }));
      const edge = x(t) > box.right - 24 ? ' end' : x(t) < box.left + 20 ? '' : ' middle';
      axis.push(label(Math.min(x(t), box.right), height - 5, 'axis' + edge, t === 0 ? 'served' : (t > 0 ? '+' : '−') + span(Math.abs(t))));
    }
    const marks = [];
    const flag = (t, kind, row) => {
      if (Number.isNaN(t)) return;
      marks.push(upright(x(t), box.top - (row ? 3 : 15), box.bottom, 'flag ' + kind));
      const left = x(t) > (box.left + box.right) / 2;
      marks.push(label(x(t) + (left ? -4 : 4), row ? box.top - 5 : box.top - 17, 'flag-text ' + kind + (left ? ' end' : ''), kind + ' ' + localText(served + t, now)));
    };
    flag(bound, 'bound', 0);
    if (Number.isNaN(converged)) flag(observed, 'estimate', 1);
    else flag(converged, 'converged', 1);
    // What was estimated stays to be compared with what came; its word would stand where the other one does.
    if (!Number.isNaN(converged) && !Number.isNaN(observed)) marks.push(upright(x(observed), box.top, box.bottom, 'flag estimate'));
    if (Number.isNaN(converged)) marks.push(upright(x(here), box.top, box.bottom, 'flag now'));

    const final = counts[columns];
    const sentence = 'Resolvers over time since every authoritative server gave the ' + (propagation.of === 'rollback' ? 'restored' : 'new') +
      ' values; now ' + SIDES.map((side) => final[side] + ' ' + sideLabel(side, propagation.of)).join(', ');
    host.replaceChildren(draw('svg', { viewBox: '0 0 ' + width + ' ' + height, class: 'picture spread', role: 'img', 'aria-label': sentence },
      patterns(), ...axis.filter((each) => each.tagName === 'text'), ...areas, ...axis.filter((each) => each.tagName !== 'text'), ...marks));
  }
  function label(x, y, kind, words) {
    const made = draw('text', { x: f(x), y: f(y), class: kind });
    made.textContent = words;
    return made;
  }
  /** So that the sides differ without colour, too. */
  function patterns() {
    return draw('defs', null,
      draw('pattern', { id: 'stripes', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
        draw('rect', { width: 6, height: 6, class: 'fill old' }), draw('rect', { width: 2, height: 6, class: 'fill paper' })),
      draw('pattern', { id: 'checks', width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
        draw('rect', { width: 6, height: 6, class: 'fill other' }), draw('rect', { width: 3, height: 3, class: 'fill paper' }), draw('rect', { x: 3, y: 3, width: 3, height: 3, class: 'fill paper' })));
  }

  // ---- by operator, by continent ------------------------------------------------------------------------------------

  function bar(group, total) {
    const root = draw('svg', { viewBox: '0 0 100 8', preserveAspectRatio: 'none', class: 'bar', 'aria-hidden': 'true' });
    let at = 0;
    for (const side of SIDES) {
      const wide = (100 * group[side]) / total;
      if (wide > 0) root.append(draw('rect', { x: f(at), y: 0, width: f(wide), height: 8, class: 'area ' + side }));
      at += wide;
    }
    return root;
  }
  /** One line per operator or continent (`by`), the slowest first. */
  function strips(host, propagation, by, most) {
    const groups = new Map();
    for (const each of propagation.resolvers) {
      const name = each[by] || (by === 'continent' ? 'Anycast or unknown' : each.id);
      let group = groups.get(name);
      if (!group) groups.set(name, (group = { name, new: 0, old: 0, other: 0, silent: 0 }));
      group[each.side]++;
    }
    const all = [...groups.values()];
    for (const group of all) group.total = group.new + group.old + group.other + group.silent;
    all.sort((a, b) => b.old - a.old || b.other - a.other || b.total - a.total || byText(a.name, b.name));
    const limit = most ?? 10;
    const items = all.length > limit + 1 ? all.slice(0, limit) : all;
    if (items.length < all.length) {
      const rest = { name: 'and ' + (all.length - items.length) + ' more', new: 0, old: 0, other: 0, silent: 0, total: 0, rest: true };
      for (const group of all.slice(items.length)) for (const key of ['new', 'old', 'other', 'silent', 'total']) rest[key] += group[key];
      items.push(rest);
    }
    list(host, items, (g) => g.name, (g) => [g.new, g.old, g.other, g.silent].join(' '), (g) => {
      const says = SIDES.filter((side) => g[side] > 0).map((side) => g[side] + ' ' + sideLabel(side, propagation.of)).join(', ');
      return make('li', { title: clean(g.name) + ': ' + says }, bdi(g.name, 60), bar(g, g.total),
        make('span', { class: 'share' }, g.new + ' of ' + g.total), make('span', { class: 'hidden' }, ' have the ' + sideLabel('new', propagation.of)));
    });
  }

  // ---- who is slow --------------------------------------------------------------------------------------------------

  const BEYOND = new Set(['behind', 'old-past-ttl', 'stale']);
  const MEANING = {
    old: 'within its time',
    'old-past-ttl': 'kept past its own expiry',
    behind: 'fetched afresh: a name server still serves it',
    stale: 'served though expired',
    mixed: 'old and new together',
    other: 'a value that is neither',
    negative: 'says it does not exist',
    servfail: 'SERVFAIL',
  };
  /** Those that give the old answer: those without an end first, then those that end last. */
  function holders(propagation) {
    const old = [];
    for (const each of propagation.resolvers)
      if (each.side === 'old') old.push({ each, beyond: BEYOND.has(each.verdict), ends: ms(each.expires_at) || 0 });
    old.sort((a, b) => b.beyond - a.beyond || b.ends - a.ends || byText(a.each.id, b.each.id));
    return old.map((entry) => entry.each);
  }
  function where(each) {
    return [each.place, each.country, each.place || each.country ? null : each.continent].filter(Boolean).join(', ') || 'anycast, or not known';
  }
  /** The resolvers that still send users to the other side, those without an end first, then the longest ones. */
  function slowest(host, propagation, now, most) {
    const all = holders(propagation);
    const shown = all.slice(0, most ?? 8);
    const table = part(host, 'table', 'table', { class: 'slowest' });
    if (!table.tHead) {
      table.append(make('caption', { class: 'hidden' }, 'Resolvers that still give the old answer'));
      table.append(make('thead', null, make('tr', null, ...['Resolver', 'Why still old', 'Expires'].map((t) => make('th', { scope: 'col' }, t)))), make('tbody'));
    }
    table.hidden = all.length === 0;
    list(table.tBodies[0], shown, (r) => r.id, (r) => r.verdict + r.expires_at, (r) => make('tr', null,
      make('th', { scope: 'row' }, mark('old'), ' ', bdi(r.id, 60), make('small', null, bdi([r.id.startsWith(r.operator) ? null : r.operator, where(r)].filter(Boolean).join(' · '), 70))),
      make('td', null, BEYOND.has(r.verdict) ? make('span', { class: 'bad' }, clean(r.verdict)) : null, BEYOND.has(r.verdict) ? make('small', null, MEANING[r.verdict]) : MEANING[r.verdict] ?? clean(r.verdict)),
      make('td', { class: 'when' }, BEYOND.has(r.verdict) ? 'no end in sight' : countdown(r.expires_at, now, 'any moment'))));
    const foot = part(host, 'foot', 'p', { class: 'quiet' });
    setText(foot, all.length === 0 ? 'Nobody who was asked gives the old answer any more.' : all.length > shown.length ? 'and ' + (all.length - shown.length) + ' more' : '');
    foot.hidden = foot.textContent === '';
    return all.length;
  }

  // ---- certificates -------------------------------------------------------------------------------------------------

  const OUTLOOK = {
    fail: { glyph: '✕', word: 'failed' },
    undecided: { glyph: '?', word: 'not decided' },
    warn: { glyph: '!', word: 'warning' },
    pass: { glyph: '✓', word: 'passed' },
    none: { glyph: '–', word: 'not asked' },
  };
  const WORST = ['fail', 'undecided', 'warn', 'pass', 'none'];
  function outlook(check) {
    if (check.verdict === 'pass') return 'pass';
    if (check.verdict === 'undecided') return 'undecided';
    if (check.verdict !== 'fail') return 'none';
    return check.severity === 'error' ? 'fail' : check.severity === 'warning' ? 'warn' : 'pass';
  }
  function worst(checks) {
    let out = 'none';
    for (const check of checks) if (WORST.indexOf(outlook(check)) < WORST.indexOf(out)) out = outlook(check);
    return out;
  }
  function address(text) {
    const colon = text.lastIndexOf(':');
    return make('span', { class: 'address' }, bdi(text.slice(0, colon), 48), make('small', null, clean(text.slice(colon))));
  }
  const findingsOf = (checks) => checks.filter((c) => ['fail', 'undecided', 'warn'].includes(outlook(c))).sort((a, b) => WORST.indexOf(outlook(a)) - WORST.indexOf(outlook(b)));
  function said(findings, now) {
    const out = make('ul', { class: 'findings' });
    for (const check of findings.slice(0, 50))
      out.append(make('li', { class: 'outlook ' + outlook(check) }, make('span', { class: 'word' }, OUTLOOK[outlook(check)].glyph + ' ' + OUTLOOK[outlook(check)].word), ' ',
        bdi([hostname(check.name), check.endpoint].filter(Boolean).join(' at '), 90), ': ', prose(check.summary, now),
        check.advice ? make('small', null, ' ', prose(check.advice, now)) : null));
    if (findings.length > 50) out.append(make('li', { class: 'quiet' }, 'and ' + (findings.length - 50) + ' more'));
    return out;
  }
  /** Names by addresses, the worst of each pair; below, everything that somebody should read. */
  function certificates(host, record, now) {
    const names = [];
    const addresses = [];
    const cells = new Map();
    for (const check of record.checks) {
      const name = check.name || '';
      const address = check.endpoint || '';
      if (!names.includes(name)) names.push(name);
      if (!addresses.includes(address)) addresses.push(address);
      const key = name + '\n' + address;
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push(check);
    }
    const head = make('tr', null, make('th', { scope: 'col' }, 'Name'), ...addresses.map((a) => make('th', { scope: 'col' }, a === '' ? 'as a whole' : address(a))));
    const body = names.map((name) => make('tr', null, make('th', { scope: 'row' }, name === '' ? 'the plan' : bdi(hostname(name), 60)), ...addresses.map((address) => {
      const checks = cells.get(name + '\n' + address) ?? [];
      const is = worst(checks);
      const telling = checks.filter((c) => ['fail', 'undecided', 'warn'].includes(outlook(c))).map((c) => clean(c.summary)).join('\n');
      return make('td', { class: 'outlook ' + is, title: telling || null }, make('span', { 'aria-hidden': 'true' }, OUTLOOK[is].glyph),
        make('span', { class: is === 'pass' || is === 'none' ? 'hidden' : 'word' }, ' ' + OUTLOOK[is].word));
    })));
    const findings = findingsOf(record.checks);
    const sentence = make('p', { class: record.passed ? 'good' : 'bad' }, (record.passed ? '✓ Passed ' : '✕ Not passed '), moment(record.at, now),
      ': ' + counted(record.checks.length, 'check') + (findings.length ? ', ' + counted(findings.length, 'finding') : ''));
    host.replaceChildren(sentence, make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Certificate matrix' },
      make('table', { class: 'matrix' }, make('caption', { class: 'hidden' }, 'Names by addresses of the new side'), make('thead', null, head), make('tbody', null, ...body))), said(findings, now));
  }

  // ---- monitor ------------------------------------------------------------------------------------------------------

  const NUMBERS = ['Endpoint', 'Answered', 'HTTP errors', 'p50', 'p95', 'p99', 'p95 before'];
  const milliseconds = (us) => (us / 1000).toFixed(1) + ' ms';
  /** The last round of a monitor that runs: what each endpoint is like, what somebody should read, when the old side may go. */
  function monitor(host, report, now) {
    setText(part(host, 'summary', 'p'), clean(report.summary));
    part(host, 'until', 'p', { class: 'quiet' }).replaceChildren('round ' + report.rounds + ', ', moment(report.at, now), '; until ', moment(report.until, now), ' (', countdown(report.until, now, 'over'), ')');
    const scroll = part(host, 'numbers', 'div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'What each endpoint is like' });
    const table = part(scroll, 'table', 'table', { class: 'standings' });
    if (!table.tHead) table.append(make('caption', { class: 'hidden' }, 'Endpoints of the new side'), make('thead', null, make('tr', null, ...NUMBERS.map((t) => make('th', { scope: 'col' }, t)))), make('tbody'));
    list(table.tBodies[0], report.endpoints, (e) => e.name + e.endpoint + e.path, (e) => JSON.stringify(e), (e) => {
      const cells = [e.answered + ' of ' + e.asked, e.http_errors, milliseconds(e.took.p50_us), milliseconds(e.took.p95_us), milliseconds(e.took.p99_us), e.baseline ? milliseconds(e.baseline.p95_us) : '–'];
      return make('tr', null, make('th', { scope: 'row' }, bdi(hostname(e.name) + e.path, 70), make('small', null, ' ', bdi(e.endpoint, 60))), ...cells.map((text, i) => make('td', { 'data-label': NUMBERS[i + 1] }, String(text))));
    });
    const findings = findingsOf(report.checks);
    const found = part(host, 'findings', 'div');
    const print = JSON.stringify(findings);
    if (found.dataset.print !== print) found.replaceChildren(said(findings, now));
    found.dataset.print = print;
    setText(part(host, 'retire-heading', 'h3'), 'When the old side may go');
    gates(part(host, 'retire', 'ul', { class: 'gates' }), report.retire, now);
  }

  // ---- phases, gates, record sets, writes, events -------------------------------------------------------------------

  const PHASE = { assess: 'Assess', 'lower-ttl': 'Lower TTL', preflight: 'Preflight', swap: 'Swap', watch: 'Watch', rollback: 'Rollback', 'restore-ttl': 'Restore TTL', monitor: 'Monitor' };
  const STATE = { ahead: { glyph: '○', word: 'to come' }, now: { glyph: '◉', word: 'now' }, done: { glyph: '✓', word: 'done' }, partial: { glyph: '!', word: 'partial' } };
  function phaseName(phase) {
    return PHASE[phase] ?? clean(phase);
  }
  function phases(host, all, now) {
    const nth = all.map((each, index) => ({ each, index }));
    list(host, nth, (p) => p.index, (p) => JSON.stringify(p.each), ({ each: p }) => {
      const state = STATE[p.state] ?? STATE.ahead;
      return make('li', { class: 'phase ' + p.state, 'aria-current': p.state === 'now' ? 'step' : null, title: clean(p.text) },
        make('span', { class: 'dot', 'aria-hidden': 'true' }, state.glyph), make('b', null, phaseName(p.phase) + (p.of === 'rollback' ? ' (back)' : '')), make('span', { class: 'hidden' }, ' ' + state.word),
        make('small', null, p.ended ? moment(p.ended, now) : p.started ? moment(p.started, now) : state.word));
    });
  }
  function gates(host, all, now) {
    list(host, all, (g) => g.name, (g) => JSON.stringify(g), (g) => {
      const state = g.overridden ? 'overridden' : g.open ? 'open' : 'closed';
      return make('li', { class: 'gate ' + state },
        make('span', { class: 'state' }, { open: '✓ open', closed: '■ closed', overridden: '! overridden' }[state]), make('b', null, bdi(g.name, 48)),
        !g.open && g.opens_at ? make('span', { class: 'opens' }, 'opens ', countdown(g.opens_at, now, 'now'), ' (', moment(g.opens_at, now), ')') : null,
        make('small', null, prose(g.why, now)));
    });
  }
  const LEVELS = [['accepted', 'the provider took it'], ['authoritative', 'every name server serves it'], ['sampled', 'the resolvers asked agree'], ['bounded', 'no honest cache can hold the old value']];
  function valuesText(side) {
    return side ? side.values.join(', ') + ' (TTL ' + span(side.ttl_s * 1000) + ')' : 'nothing';
  }
  function sets(host, all, now) {
    const table = part(host, 'table', 'table', { class: 'sets' });
    if (!table.tHead) {
      table.append(make('caption', { class: 'hidden' }, 'Record sets and how far each has come'));
      table.append(make('thead', null, make('tr', null, make('th', { scope: 'col' }, 'Record set'), ...LEVELS.map(([name, says]) => make('th', { scope: 'col', title: says }, name)))), make('tbody'));
    }
    list(table.tBodies[0], all, (s) => s.zone + ' ' + s.name + ' ' + s.type, (s) => JSON.stringify(s), (s) => make('tr', null,
      make('th', { scope: 'row' }, make('span', { class: 'key' }, bdi(hostname(s.name), 70), ' ', make('b', null, clean(s.type))),
        make('small', { title: clean(valuesText(s.before) + ' → ' + valuesText(s.after)) }, bdi(s.before ? s.before.values.join(', ') : 'nothing', 48), ' → ', bdi(s.after ? s.after.values.join(', ') : 'nothing', 48))),
      ...LEVELS.map(([name]) => make('td', { class: s[name] ? 'reached' : 'none', 'data-label': name }, s[name] ? make('span', { 'aria-hidden': 'true' }, '✓ ') : '○', s[name] ? moment(s[name], now) : make('span', { class: 'hidden' }, ' not yet')))));
  }
  function events(host, all, now, most) {
    const shown = all.map((each, index) => ({ ...each, index })).slice(-(most ?? 200)).reverse();
    list(host, shown, (e) => e.index, (e) => e.at + e.text, (e) => make('li', { class: 'event kind-' + clean(e.kind).replace(/[^a-z-]/g, '') }, moment(e.at, now), ' ', make('b', null, phaseName(e.phase)), ' ', prose(e.text, now)));
  }
  function writes(host, all, now) {
    list(host, all, (w) => w.id, (w) => JSON.stringify(w), (w) => make('li', null,
      make('b', null, phaseName(w.phase)), ' ', moment(w.started, now), ' ', make('span', { class: w.state === 'done' ? 'good' : 'bad' }, clean(w.state)),
      w.authoritative_at ? make('span', null, ', served everywhere ', moment(w.authoritative_at, now)) : null,
      make('ul', null, ...w.changes.slice(0, 200).map((c) => make('li', null, bdi(hostname(c.name), 80), ' ', make('b', null, clean(c.type)), ' ',
        make('del', null, bdi(valuesText(c.before), 300)), ' → ', make('ins', null, bdi(valuesText(c.after), 300)))))));
  }
  /** Every resolver as a table row, for readers of tables; `filter` is a part of any of its words. */
  function resolverTable(host, propagation, now, filter, most) {
    const wanted = (filter ?? '').trim().toLowerCase();
    const all = propagation.resolvers.filter((r) => wanted === '' || (r.id + ' ' + r.operator + ' ' + where(r) + ' ' + r.verdict + ' ' + r.side).toLowerCase().includes(wanted));
    const shown = all.slice(0, most ?? 100);
    const table = part(host, 'table', 'table', { class: 'resolvers' });
    if (!table.tHead) {
      table.append(make('caption', { class: 'hidden' }, 'Resolvers'));
      table.append(make('thead', null, make('tr', null, ...['Resolver', 'Operator', 'Where', 'Gives', 'Verdict', 'Old until'].map((t) => make('th', { scope: 'col' }, t)))), make('tbody'));
    }
    list(table.tBodies[0], shown, (r) => r.id, (r) => r.side + r.verdict + r.expires_at, (r) => make('tr', null, make('th', { scope: 'row' }, bdi(r.id, 60)), make('td', null, bdi(r.operator, 40)),
      make('td', null, bdi(where(r), 50)), make('td', null, mark(r.side), ' ' + sideLabel(r.side, propagation.of)), make('td', null, clean(r.verdict || 'not asked yet')), make('td', null, moment(r.expires_at, now))));
    setText(part(host, 'foot', 'p', { class: 'quiet' }), shown.length < all.length ? shown.length + ' of ' + all.length + ' are shown; narrow the search to see the others' : counted(all.length, 'resolver'));
  }

  global.CutoverPictures = {
    bdi, certificates, clean, countSides, countdown, counted, events, gates, holders, legend, list, make, map, moment, monitor, ms, nearest, percent, phaseName,
    phases, placeless, prose, resolverTable, sets, setAttribute, setText, sideLabel, slowest, span, spread, strips, tick, utcText, where, writes,
  };
})(globalThis);
