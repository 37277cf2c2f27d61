// Who acts, where the service has no policy and so does not know: kept in memory, and gone with the page.

/** @type {{name: string, department: string}} */
export const actor = { name: "", department: "" };
