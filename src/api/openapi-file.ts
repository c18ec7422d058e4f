/** Where the description of the API lies: made from the contracts by `npm run generate`; a test holds it to them. */
// As deep in the tree as the packed program, which holds this line too.
export const OPENAPI_FILE = new URL('../../docs/openapi.json', import.meta.url);
