/**
 * Goes up when a shape of the control API changes in a way that an older client would misread; adding a field does not.
 * A file of its own, so that the client can know it without loading the schema's library.
 */
export const API_VERSION = 1

/** Every answer carries it. */
export const API_HEADER = 'chorus-api'
