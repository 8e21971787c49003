const fields = {
  id: 'ord-000042',
  user: 'alice',
  status: 'shipped',
  total: { amount: 12_950, currency: 'EUR' },
  lines: [
    { sku: 'lighthouse-lamp', quantity: 1, price: 8900 },
    { sku: 'forty-metres-of-rope', quantity: 2, price: 1500 },
    { sku: 'harbour-chart', quantity: 1, price: 1050 },
  ],
  address: { street: 'Quay 7', city: 'Hamburg', country: 'DE' },
  createdAt: '2026-01-05T09:30:00.000Z',
  note: '',
};
const missing = 460 - Buffer.byteLength(JSON.stringify(fields));

/** The response of every contender: 460 bytes of JSON. */
export const order = { ...fields, note: '.'.repeat(missing) };
