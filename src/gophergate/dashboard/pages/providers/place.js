/** Where the API has a provider. @param {string} name */
export const place = (name) => `/api/providers/${encodeURIComponent(name)}`;
