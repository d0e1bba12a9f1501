// Runs in the browser. While the page is visible, refetches it every few seconds and patches the differences
// in place. Focus, open details, scroll position and typed text are kept.

(() => {
  const EVERY_MS = 5000;
  const PATIENCE_MS = 10000;
  const UPDATED = ['top', 'body', 'foot'];

  const DAY = { year: 'numeric', month: 'short', day: 'numeric' };
  const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const minute = new Intl.DateTimeFormat('en-US', { ...DAY, ...TIME, timeZoneName: 'short' });
  const second = new Intl.DateTimeFormat('en-US', {
    ...DAY,
    ...TIME,
    second: '2-digit',
    timeZoneName: 'short',
  });
  const hour = new Intl.DateTimeFormat('en-US', { ...DAY, year: undefined, ...TIME });
  const HOUR_IN_WORDS = /[A-Z][a-z]{2} \d{1,2}, \d\d:\d\d/;

  /**
   * The service writes exact times in UTC: rewrites them in the reader's own time zone.
   * @param {Document} page
   */
  function toOwnZone(page) {
    for (const time of page.querySelectorAll('time')) {
      const exact = /:\d\d:\d\d/.test(time.dateTime) ? second : minute;
      const words = exact.format(new Date(time.dateTime));
      if (time.title !== '') time.title = words;
      if (time.classList.contains('exact')) time.textContent = words;
      const spoken = time.querySelector('.hidden');
      if (spoken !== null) spoken.textContent = `, ${words}`;
    }
    for (const named of page.querySelectorAll('[data-hour]')) {
      const words = hour.format(new Date(named.getAttribute('data-hour') ?? ''));
      named.textContent = (named.textContent ?? '').replace(HOUR_IN_WORDS, words);
    }
    for (const zone of page.querySelectorAll('[data-utc]')) zone.remove();
  }
  toOwnZone(document);

  // Escape closes a confirmation; its button has the focus again.
  document.addEventListener('keydown', ({ key }) => {
    const confirmation = key === 'Escape' ? document.querySelector('.confirm[open]') : null;
    if (confirmation === null) return;
    confirmation.removeAttribute('open');
    confirmation.querySelector('summary')?.focus();
  });

  const live = document.getElementById('live');
  const lost = document.getElementById('lost');
  if (live === null || lost === null) return;

  const here = new URL(location.href);
  if (here.searchParams.has('done')) {
    here.searchParams.delete('done'); // a reload must not repeat the notice
    history.replaceState(null, '', here);
  }

  /** @type {string | null} */
  let etag = null;
  let timer = 0;
  let isLooking = false;

  /** @param {Document} next */
  function update(next) {
    if (assetsOf(next) !== assetsOf(document)) return location.reload(); // the service has another version
    toOwnZone(next);
    for (const id of UPDATED) {
      const [from, to] = [document.getElementById(id), next.getElementById(id)];
      if (from !== null && to !== null) match(from, to);
    }
    if (document.title !== next.title) document.title = next.title;
  }

  /** @param {Document} page */
  function assetsOf(page) {
    const loaded = [...page.querySelectorAll('link[rel], script[src]')];
    return loaded.map((one) => one.getAttribute('href') ?? one.getAttribute('src')).join(' ');
  }

  /**
   * Makes one element match another with as few changes as possible.
   * @param {Element} from
   * @param {Element} to
   */
  function match(from, to) {
    if (from.id === 'live') return;
    for (const { name } of [...from.attributes]) {
      const isOurs = name === 'open' && from.localName === 'details';
      if (!isOurs && !to.hasAttribute(name)) from.removeAttribute(name);
    }
    for (const { name, value } of [...to.attributes]) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
    const [old, fresh] = [[...from.childNodes], [...to.childNodes]];
    fresh.forEach((node, at) => {
      const current = old[at];
      if (current === undefined) from.append(document.importNode(node, true));
      else if (!isAlike(current, node)) current.replaceWith(document.importNode(node, true));
      else if (current instanceof Element && node instanceof Element) match(current, node);
      else if (current.nodeValue !== node.nodeValue) current.nodeValue = node.nodeValue;
    });
    for (const node of old.slice(fresh.length)) node.remove();
  }

  /**
   * @param {Node} a
   * @param {Node} b
   */
  function isAlike(a, b) {
    if (a.nodeName !== b.nodeName) return false;
    return !(a instanceof Element && b instanceof Element) || a.id === b.id;
  }

  async function look() {
    if (isLooking) return;
    isLooking = true;
    try {
      const response = await fetch(here, {
        cache: 'no-store',
        headers: { accept: 'text/html', ...(etag === null ? {} : { 'if-none-match': etag }) },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status !== 304) {
        if (!response.ok) throw new Error(`It answered ${response.status}.`);
        update(new DOMParser().parseFromString(await response.text(), 'text/html'));
        etag = response.headers.get('etag');
      }
      found();
    } catch (error) {
      miss(error instanceof Error && error.message.startsWith('It answered') ? error.message : '');
    }
    isLooking = false;
  }

  function found() {
    lost.hidden = true;
    document.body.classList.remove('is-lost');
    live.textContent = ' · live';
    live.className = 'is-live';
  }

  /** @param {string} detail */
  function miss(detail) {
    if (!lost.hidden) return;
    const at = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    lost.textContent = `The service has been unreachable since ${at}. ${detail} This page is out of date; retrying every 5 seconds.`;
    lost.hidden = false;
    document.body.classList.add('is-lost');
    live.textContent = '';
    live.className = '';
  }

  async function goOn() {
    clearTimeout(timer);
    if (document.hidden) return;
    await look();
    timer = setTimeout(goOn, EVERY_MS);
  }

  document.addEventListener('visibilitychange', goOn);
  timer = setTimeout(goOn, EVERY_MS);
})();
