// The token is kept in memory only, where other pages and later visitors cannot read it.
let token = '';

const byId = (id) => document.getElementById(id);
const say = (text) => (byId('status').textContent = text);

async function call(path, init = {}) {
  const headers = { ...init.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  const response = await fetch(path, { ...init, headers });
  const body = await response.json();
  // Errors are problem documents. Their request id identifies the log line.
  if (!response.ok) throw new Error(`${body.title ?? body.error} (${response.headers.get('x-request-id')})`);
  return body;
}

async function showProducts() {
  const { products } = await call('/api/products');
  byId('products').replaceChildren(
    ...products.map(({ name }) => Object.assign(document.createElement('li'), { textContent: name })),
  );
}

async function logIn(form) {
  const credentials = Object.fromEntries(new FormData(form));
  const headers = { 'Content-Type': 'application/json' };
  ({ token } = await call('/api/login', { method: 'POST', headers, body: JSON.stringify(credentials) }));
  const { user } = await call('/api/me');
  say(`Welcome, ${user}.`);
}

byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  logIn(event.target).catch((error) => say(error.message));
});
showProducts().catch((error) => say(error.message));
