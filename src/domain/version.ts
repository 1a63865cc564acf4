/** The version of this software, as in package.json (a test compares them). It stands in every table's provenance. */
export const version = '0.1.0'
