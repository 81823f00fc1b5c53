// node browser.mjs SCENARIO: opens the live page in Chromium and looks at it as people do. Exit 0: all went as it should.
// From the environment: CUTOVER_PROGRAM, CUTOVER_PAGE_STAGE (programs), CUTOVER_BROWSER_PACKAGES (a folder with
// node_modules), CUTOVER_ARTEFACTS (where screenshots are kept), CUTOVER_CHROMIUM (default: chromium).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.CUTOVER_BROWSER_PACKAGES, 'package.json'));
const { chromium } = require('playwright-core');
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const ARTEFACTS = process.env.CUTOVER_ARTEFACTS;

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };

// ---- programs -------------------------------------------------------------------------------------------------------

const programs = [];
/** Starts a program; resolves with its address once it has told it on either stream. */
function serve(program, args, pattern) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  programs.push(child);
  const running = { child, log: '', ended: false };
  running.end = new Promise((resolve) => child.on('exit', (code) => { running.ended = true; resolve(code); }));
  const url = new Promise((resolve, reject) => {
    const read = (data) => {
      running.log += data;
      const found = pattern.exec(running.log);
      if (found) resolve(found[1]);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', () => reject(new Error('ended before it told its address:\n' + running.log)));
    child.on('error', reject);
  });
  running.stop = async () => {
    child.kill('SIGTERM');
    return running.end;
  };
  return url.then((found) => Object.assign(running, { url: found }));
}
const stage = (...args) => serve(process.env.CUTOVER_PAGE_STAGE, args, /(http:\/\/\S+)\s/);

// ---- browsers -------------------------------------------------------------------------------------------------------

let browser;
/** A page that remembers what went wrong on it, and every address it asked for. */
async function open(url, options) {
  const context = await browser.newContext({ viewport: DESK, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.trouble = [];
  page.requests = [];
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) page.trouble.push(message.text()); });
  page.on('pageerror', (error) => page.trouble.push(String(error.stack)));
  page.on('dialog', (dialog) => { page.trouble.push('a dialog: ' + dialog.message()); dialog.dismiss(); });
  page.on('request', (request) => page.requests.push(request.url()));
  await page.goto(url);
  return page;
}
function asksNobodyElse(page, url) {
  const own = new URL(url).origin;
  for (const each of page.requests) assert.equal(new URL(each).origin, own, 'a foreign request: ' + each);
  assert.ok(page.requests.length >= 6);
}
async function shows(page, selector, words, limit = 60000) {
  await page.waitForFunction(([s, w]) => document.querySelector(s)?.checkVisibility() && document.querySelector(s).textContent.includes(w), [selector, words], { timeout: limit })
    .catch(async () => assert.fail(`${selector} does not show '${words}' but: ${(await page.textContent(selector)).slice(0, 300)}`));
}
/** No serious accessibility fault, by axe-core. */
async function accessible(page, what) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = found.violations.filter((each) => ['serious', 'critical'].includes(each.impact));
  console.log(`axe: ${what}: ${found.violations.length} violations, ${serious.length} of them serious; ${found.passes.length} rules passed`);
  assert.deepEqual(serious.map((each) => each.id + ': ' + each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')), [], what);
}
async function fits(page) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= window, `the page is ${content} wide in a window of ${window}`);
}
async function keep(page, name) {
  fs.mkdirSync(ARTEFACTS, { recursive: true });
  await page.screenshot({ path: path.join(ARTEFACTS, name + '.png'), fullPage: true });
}
/** A picture is there, and is another one later. */
async function changes(page, selector) {
  const drawn = ([s, before]) => { const path = document.querySelector(s)?.getAttribute('d'); return path && path !== before && path; };
  const next = async (before) => (await page.waitForFunction(drawn, [selector, before], { timeout: 60000 })).jsonValue();
  await next(await next(null));
}

// ---- scenarios ------------------------------------------------------------------------------------------------------

const scenarios = {
  /** A whole rehearsal, from the first look to the end of the program. */
  async rehearsal() {
    const program = await serve(process.env.CUTOVER_PROGRAM, ['demo', '--http', '127.0.0.1:0', '--speed', '6000'], /live page: (\S+)/);
    const page = await open(program.url);
    const phone = await open(program.url, { viewport: PHONE, colorScheme: 'dark', hasTouch: true, isMobile: true });
    await shows(page, '#link', 'live');
    await shows(page, '#gates', 'ttl-drained');
    await shows(page, '#answer-word', 'WAIT');
    await shows(page, '#answer-when', 'in ');
    await shows(page, '#certificates', 'Passed');
    await keep(page, 'page-waiting-wide');
    await accessible(page, 'waiting');

    await shows(page, '#spread-heading', 'The swap, spreading', 120000);
    await Promise.all(['#map .dot.old', '#spread .area.new'].map((picture) => changes(page, picture)));
    await shows(page, '#slowest', 'Mumbai');
    await shows(page, '#slowest .countdown', 'in ');
    await shows(phone, '#spread-heading', 'The swap, spreading');
    await keep(page, 'page-spreading-wide');
    await keep(phone, 'page-spreading-phone-dark');
    await accessible(page, 'spreading, light');
    await accessible(phone, 'spreading, phone, dark');
    await fits(page);
    await fits(phone);

    await shows(page, '#spread-heading', 'The way back, spreading', 120000);
    await shows(page, '#answer-word', 'DONE', 120000);
    assert.deepEqual(page.trouble, []);
    assert.deepEqual(phone.trouble, []);
    asksNobodyElse(page, program.url);
    asksNobodyElse(phone, program.url);
    assert.equal(await program.end, 0);
    await shows(page, '#ended', 'The program has ended');
    await shows(page, '#link', 'trying again');
    await keep(page, 'page-ended-wide');
    await accessible(page, 'ended');
  },

  /** The program ends and is started again at the same port: the page says so, and comes back by itself. */
  async restart() {
    let program = await stage('resolvers=60', 'every=200');
    const page = await open(program.url);
    await shows(page, '#spread-heading', 'The swap, spreading');
    await program.stop();
    await shows(page, '#ended', 'what you see is the last state');
    assert.ok(await page.$eval('#spread', (element) => element.querySelector('svg') !== null));
    program = await stage('bind=' + new URL(program.url).host, 'resolvers=60', 'every=200');
    await shows(page, '#link', 'live');
    await page.waitForFunction(() => document.querySelector('#ended').hidden);
    asksNobodyElse(page, program.url);
    // A connection that is cut without a word is taken up again, too.
    program.child.kill('SIGKILL');
    await shows(page, '#link', 'no connection');
    program = await stage('bind=' + new URL(program.url).host, 'resolvers=60', 'every=200');
    await shows(page, '#link', 'live');
    await program.stop();
  },

  /** Markup, escapes, direction marks and endless names in every text that strangers choose. */
  async hostile() {
    const program = await stage('hostile=1', 'monitor=1', 'resolvers=40', 'every=300');
    for (const [name, options] of [['wide', {}], ['phone', { viewport: PHONE, colorScheme: 'dark' }]]) {
      const page = await open(program.url, options);
      await shows(page, '#spread-heading', 'The swap, spreading');
      await shows(page, '#slowest', '<img src=x');
      for (const each of await page.$$('summary')) if (await each.isVisible()) await each.click();
      await shows(page, '#table', '<img src=x');
      await shows(page, '#writes', 'www.shop.example');
      await shows(page, '#monitor', '<img src=x');
      await page.fill('#table-find', '</script>');
      assert.deepEqual(await page.evaluate(() => [document.images.length, document.scripts.length, document.querySelectorAll('#table script').length]), [0, 2, 0]);
      const text = await page.evaluate(() => document.body.innerText + document.title + [...document.querySelectorAll('[title]')].map((each) => each.title).join(''));
      assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      await fits(page);
      await keep(page, 'page-hostile-' + name);
      await accessible(page, 'hostile, ' + name);
      assert.deepEqual(page.trouble, []);
      asksNobodyElse(page, program.url);
    }
    await program.stop();
  },

  /** A monitor that runs: what each endpoint is like, round after round, and when the old side may go. */
  async monitor() {
    const program = await stage('monitor=1', 'resolvers=40', 'bound=1', 'every=300');
    for (const [name, options] of [['wide', {}], ['phone', { viewport: PHONE, colorScheme: 'dark' }]]) {
      const page = await open(program.url, options);
      await shows(page, '#monitor .standings', '34.0 ms');
      await shows(page, '#monitor .findings', 'warning');
      await shows(page, '#monitor .gates', 'standby-over');
      const first = await page.textContent('#monitor .standings');
      await page.waitForFunction((known) => document.querySelector('#monitor .standings').textContent !== known, first);
      await fits(page);
      await keep(page, 'page-monitor-' + name);
      await accessible(page, 'monitor, ' + name);
      assert.deepEqual(page.trouble, []);
    }
    await program.stop();
  },

  /** The token leaves the address bar at once; a cookie takes its place, also for a page that is opened anew. */
  async token() {
    const program = await stage('token=between us', 'resolvers=10', 'every=300');
    const page = await open(program.url);
    await shows(page, '#link', 'live');
    assert.equal(page.url(), new URL('/', program.url).href);
    await page.reload();
    await shows(page, '#link', 'live');
    assert.deepEqual(page.trouble, []);
    const stranger = await open(new URL('/', program.url).href);
    assert.match(await stranger.textContent('body'), /needs its token/);
    await program.stop();
  },

  /** One too many: the page asks for the story now and then instead. */
  async crowd() {
    const program = await stage('resolvers=20', 'every=500');
    const held = [];
    for (let i = 0; i < 32; ++i)
      await new Promise((resolve, reject) => held.push(http.get(new URL('/events', program.url), (answer) => { answer.on('data', () => {}); answer.on('error', () => {}); resolve(); }).on('error', reject)));
    const page = await open(program.url);
    await shows(page, '#link', 'every few seconds');
    await shows(page, '#spread-heading', 'The swap, spreading');
    const first = await page.textContent('#spread-why');
    await page.waitForFunction((known) => document.querySelector('#spread-why').textContent !== known, first, { timeout: 30000 });
    for (const each of held) each.destroy();
    await shows(page, '#link', 'live', 30000);
    await program.stop();
  },

  /** Without a mouse, and for those whom moving things make ill. */
  async keyboard() {
    const program = await stage('resolvers=200', 'every=500');
    const page = await open(program.url, { reducedMotion: 'reduce' });
    await shows(page, '#spread-heading', 'The swap, spreading');
    const reached = new Set();
    for (let i = 0; i < 40; ++i) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const focused = document.activeElement;
        return focused === document.body ? '' : focused.id || focused.className || focused.textContent.slice(0, 40);
      });
      if (at === 'All resolvers as a table' && !reached.has(at)) await page.keyboard.press('Enter');
      reached.add(at);
    }
    for (const each of ['skip', 'All resolvers as a table', 'table-find', 'events', 'slowest', 'sets']) assert.ok(reached.has(each), each + ' is not reached, but ' + [...reached].join(', '));
    await shows(page, '#table', 'net-');
    assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
    // Only the answer speaks by itself.
    assert.deepEqual(await page.$$eval('[aria-live]', (all) => all.map((each) => each.id)), ['announcement']);
    await shows(page, '#announcement', 'resolvers still hold the old answer');
    // The focus stays where it is while the page changes under it.
    await page.focus('#table-find');
    await page.waitForTimeout(1500);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'table-find');
    await program.stop();
  },

  /**
   * For the benchmark: five thousand resolvers, one update a second, from the first story on. Prints the longest task of
   * the page's main thread in real time and in CPU time: on a busy machine only the latter is the page's own doing.
   */
  async load() {
    const told = ['resolvers=5000', 'every=1000', 'bound=30'];
    let program = await stage(...told);
    const page = await browser.newPage({ viewport: DESK });
    await page.goto(program.url);
    await shows(page, '#link', 'live');
    await program.stop();
    // From here on nobody but the page itself has a hand in it: it is watched from outside.
    const session = await browser.newBrowserCDPSession();
    const events = [];
    session.on('Tracing.dataCollected', (data) => events.push(...data.value));
    await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'], excludedCategories: ['*'] } });
    program = await stage('bind=' + new URL(program.url).host, ...told);
    await new Promise((resolve) => setTimeout(resolve, 40000));
    await page.evaluate(() => performance.mark('this page'));
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    await shows(page, '#spread-legend', 'new answer');
    await program.stop();
    // A browser has other renderers, too: this is the one that the page's own mark comes from.
    const own = events.find((each) => each.name === 'this page');
    const tasks = events.filter((each) => each.pid === own.pid && each.tid === own.tid && each.name.endsWith('RunTask') && each.dur !== undefined);
    assert.ok(tasks.length > 100, 'the browser told of ' + tasks.length + ' tasks only');
    const longest = (what) => tasks.reduce((most, each) => Math.max(most, each[what] ?? 0), 0) / 1000;
    console.log(`longest_task_ms=${longest('dur')} longest_task_cpu_ms=${longest('tdur')} over_50_ms=${tasks.filter((each) => each.dur > 50000).length} tasks=${tasks.length}`);
    console.log(program.log.match(/cpu_us=.*/)[0]);
  },
};

// ---- all of it ------------------------------------------------------------------------------------------------------

const [name] = process.argv.slice(2);
assert.ok(scenarios[name], 'there is: ' + Object.keys(scenarios).join(', '));
let status = 1;
try {
  browser = await chromium.launch({
    executablePath: process.env.CUTOVER_CHROMIUM || '/usr/bin/chromium',
    // Nothing but this machine's loopback can be reached, whatever the browser itself would like to ask.
    args: ['--disable-gpu', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])],
  });
  await scenarios[name]();
  status = 0;
} catch (error) {
  console.error(error.stack ?? error);
  for (const each of programs) if (each.exitCode === null) console.error('(its program was still running)');
} finally {
  await browser?.close();
  for (const each of programs) if (each.exitCode === null && each.signalCode === null) each.kill('SIGKILL');
}
process.exit(status);
