// Every answer of the API is the envelope `{message, code, data}`, and so is every refusal of the mock.

const INVALID_REQUEST = 10001
const CODES = { 403: 10004, 500: 10002, 503: 10002 }
const INVALID_STATUSES = new Set([400, 413, 414, 415, 422, 431])

/** A refusal with an HTTP status and a sentence that says what is wrong. */
export class Refusal extends Error {
  constructor (status, message, headers = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }

  get answer () {
    const code = INVALID_STATUSES.has(this.status) ? INVALID_REQUEST : CODES[this.status] ?? this.status
    return { status: this.status, headers: this.headers, body: { message: this.message, code, data: null } }
  }
}
