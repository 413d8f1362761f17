/** The try-it of the reference. Nothing is stored: the token lives as long as the page. */

const token = /** @type {HTMLInputElement} */ (document.getElementById('token'));
const tokenState = /** @type {HTMLElement} */ (document.getElementById('token-state'));
const getToken = /** @type {HTMLButtonElement | null} */ (document.getElementById('get-token'));

getToken?.addEventListener('click', () => void fetchToken(getToken));

/** @param {HTMLButtonElement} button */
async function fetchToken(button) {
  button.disabled = true;
  try {
    const response = await fetch(button.value, { method: 'POST' });
    if (!response.ok) throw new Error('refused');
    token.value = (await response.json()).access_token;
    describeToken();
  } catch {
    tokenState.textContent = 'The sandbox gave no token. Is it running?';
  } finally {
    button.disabled = false;
  }
}

token.addEventListener('input', describeToken);

function describeToken() {
  tokenState.textContent = tokenWords(token.value.trim());
  for (const form of document.forms) showCommand(form);
}

/** @param {string} text */
function tokenWords(text) {
  if (text === '') return 'No token: requests are answered with 401.';
  try {
    const bytes = Uint8Array.from(
      atob((text.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')),
      (character) => character.charCodeAt(0),
    );
    const { client_id: client, azp, custno, scope, exp } = JSON.parse(new TextDecoder().decode(bytes));
    return [
      `Client ${client ?? azp ?? 'unknown'}`,
      custno === undefined ? undefined : `customer ${custno}`,
      scope === undefined ? undefined : `scopes ${scope}`,
      `expires ${new Date(exp * 1000).toLocaleTimeString()}`,
    ]
      .filter((part) => part !== undefined)
      .join(', ');
  } catch {
    return 'This is no JWT.';
  }
}

for (const form of document.forms) {
  const { example, body, key } = fieldsOf(form);
  example?.addEventListener('change', () => {
    body.value = example.value;
    showCommand(form);
  });
  form.querySelector('.new-key')?.addEventListener('click', () => {
    key.value = newKey();
    showCommand(form);
  });
  form.addEventListener('input', () => showCommand(form));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send(form);
  });
  showCommand(form);
}

/** 128 random bits. A page that came over plain HTTP has no `crypto.randomUUID`. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** @param {HTMLFormElement} form */
function fieldsOf(form) {
  /** @param {string} name */
  const named = (name) => /** @type {any} */ (form.elements.namedItem(name));
  return {
    custno: /** @type {HTMLInputElement} */ (named('custno')),
    key: /** @type {HTMLInputElement} */ (named('key')),
    example: /** @type {HTMLSelectElement | null} */ (named('example')),
    body: /** @type {HTMLTextAreaElement} */ (named('body')),
    send: /** @type {HTMLButtonElement} */ (named('send')),
  };
}

/** @param {HTMLFormElement} form */
function requestOf(form) {
  const { custno, key, body } = fieldsOf(form);
  // Below whatever path this page is served from.
  const path = (form.dataset['path'] ?? '').replace('{custno}', encodeURIComponent(custno.value)).slice(1);
  return {
    url: new URL(path, document.baseURI).href,
    headers: {
      ...(token.value.trim() !== '' && { Authorization: `Bearer ${token.value.trim()}` }),
      ...(key.value !== '' && { 'Idempotency-Key': key.value }),
      ...(body.value.trim() !== '' && { 'Content-Type': 'application/json' }),
    },
    body: body.value.trim() === '' ? undefined : body.value,
  };
}

/** @param {HTMLFormElement} form */
function showCommand(form) {
  const { url, headers, body } = requestOf(form);
  /** @param {string} text */
  const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = [
    `curl -i -X POST ${quoted(url)}`,
    ...Object.entries(headers).map(
      ([name, value]) =>
        `-H ${quoted(`${name}: ${name === 'Authorization' ? 'Bearer $TOKEN' : value}`).replace(
          "'Authorization: Bearer $TOKEN'",
          '"Authorization: Bearer $TOKEN"',
        )}`,
    ),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ];
  const place = form.parentElement?.querySelector('.command code');
  if (place) place.textContent = lines.join(' \\\n  ');
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const button = fieldsOf(form).send;
  const answer = /** @type {HTMLElement} */ (form.parentElement?.querySelector('.answer'));
  const { url, headers, body } = requestOf(form);
  button.disabled = true;
  answer.setAttribute('aria-busy', 'true');
  const begun = performance.now();
  try {
    const response = await fetch(url, { method: 'POST', headers, ...(body !== undefined && { body }) });
    const text = await response.text();
    answer.replaceChildren(...answerParts(response, text, performance.now() - begun));
  } catch {
    answer.replaceChildren(element('p', { class: 'bad' }, 'No answer: the gateway could not be reached.'));
  } finally {
    button.disabled = false;
    answer.setAttribute('aria-busy', 'false');
  }
}

/**
 * @param {Response} response
 * @param {string} text
 * @param {number} milliseconds
 */
function answerParts(response, text, milliseconds) {
  const isProblem = response.headers.get('content-type') === 'application/problem+json';
  const shown = [
    'x-request-id',
    'idempotency-replayed',
    'retry-after',
    'ratelimit-policy',
    'ratelimit',
    'www-authenticate',
  ].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [`${name}: ${value}`];
  });
  return [
    element(
      'p',
      { class: `status ${response.ok ? 'good' : 'bad'}` },
      `${response.status} ${response.statusText} · ${Math.round(milliseconds)} ms`,
    ),
    ...(isProblem ? [problemParts(JSON.parse(text))] : []),
    element('pre', {}, shown.join('\n')),
    ...(text === '' ? [] : [element('pre', {}, pretty(text))]),
  ];
}

/** @param {{ title: string, detail: string, code: string, outcome?: string, retryable?: boolean, errors?: { pointer: string, code: string, detail: string }[] }} problem */
function problemParts({ title, detail, code, outcome, retryable, errors = [] }) {
  const link = element('a', { href: `problems/${code}` }, code);
  return element(
    'div',
    { class: 'problem' },
    element('p', {}, element('strong', {}, title), ' (', link, ')'),
    element('p', {}, detail),
    ...(outcome === undefined
      ? []
      : [
          element(
            'p',
            {},
            `Outcome: ${outcome}. ${retryable ? 'May be sent again as it is.' : 'Do not send it again as it is.'}`,
          ),
        ]),
    ...(errors.length === 0
      ? []
      : [
          element(
            'ul',
            { class: 'errors' },
            ...errors.map((error) =>
              element(
                'li',
                {},
                element('code', {}, error.pointer),
                ` ${error.detail} `,
                element('span', { class: 'note' }, `(${error.code})`),
              ),
            ),
          ),
        ]),
  );
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {(string | Node)[]} children
 */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

describeToken();
