/** Sizes of the responses whose throughput is measured. */
export const bodySizes = [1024, 64 * 1024, 10 * 1024 * 1024];

export const bodyPath = (bytes) => `/orders/body-${bytes}`;
