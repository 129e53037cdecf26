// Prism as a library: it validates a request against the contract and makes up the answer.
//
// Its published server hangs on a malformed body and dies on a malformed path, so only its core is used here, behind
// the front of this folder.

import { stat } from 'node:fs/promises'

import { createLogger } from '@stoplight/prism-core'
import { createInstance, getHttpOperationsFromSpec } from '@stoplight/prism-http'
import { getHttpConfigFromRequest } from '@stoplight/prism-http-server/dist/getHttpConfigFromRequest.js'

import { Refusal } from './envelope.mjs'

const SUCCESS = 10000

/** Reads a contract; what comes back routes, validates and answers requests. */
export async function loadContract (path) {
  if (!(await stat(path)).isFile()) throw new Error('not a file')
  const operations = await getHttpOperationsFromSpec(path)
  if (operations.length === 0) throw new Error('it has no operations')
  return new Prism(operations)
}

class Prism {
  #operations
  #instance

  constructor (operations) {
    const settings = { isProxy: false, checkSecurity: true, validateRequest: true, validateResponse: true, errors: false, mock: { dynamic: false } }
    this.#operations = operations
    this.#instance = createInstance(settings, { logger: createLogger('prism', { level: 'silent' }) })
  }

  /** Every method that the contract has, for the header `Allow`. */
  get methods () {
    return listed(this.#operations)
  }

  /** The operation for a method and path; a Refusal where there is none. */
  route (method, path) {
    const exact = this.#operations.filter(operation => operation.path === path)
    // OpenAPI: a path without parameters comes before one with them.
    const onPath = exact.length > 0 ? exact : this.#operations.filter(operation => matches(operation.path, path))
    if (onPath.length === 0) throw new Refusal(404, `the contract has no path ${path}`)
    const found = onPath.find(operation => operation.method.toUpperCase() === method)
    if (found) return found
    const allowed = listed(onPath)
    throw new Refusal(405, `${method} is not allowed on ${path}; allowed: ${allowed}`, { allow: allowed })
  }

  /** Everything in which a request breaks the contract: `{status, messages}`, or null. */
  async violations (request) {
    return violationsOf((await this.#ask(request, {})).validations.input)
  }

  /** The answer to a request, which may ask for a particular one with the header `Prefer`. */
  async answer (request) {
    const wishes = readWishes(request)
    const { output, validations } = await this.#ask(request, wishes)
    const violations = violationsOf(validations.input)
    if (violations) throw new Refusal(violations.status, violations.messages.join('; '))
    if (output.statusCode < 200) throw new Refusal(422, `Prefer asks for ${output.statusCode}, which is not a final answer`)
    const body = output.body
    // A made-up code would be a failure nearly always; a success is what was asked for.
    if (wishes.dynamic && output.statusCode === 200 && body && typeof body === 'object') body.code = SUCCESS
    return { status: output.statusCode, headers: output.headers ?? {}, body }
  }

  async #ask (request, wishes) {
    // A new object each time: Prism writes the request's accepted media types into it.
    const result = await this.#instance.request(request, this.#operations, {
      isProxy: false, checkSecurity: true, validateRequest: true, validateResponse: true, errors: false, mock: { dynamic: false, ...wishes }
    })()
    if (result._tag === 'Right') return result.right
    throw new Refusal(result.left.status ?? 500, result.left.detail ?? result.left.message)
  }
}

function listed (operations) {
  return [...new Set(operations.map(operation => operation.method.toUpperCase()))].sort().join(', ')
}

function matches (template, path) {
  const pattern = template.split('/').map(part => /^\{.+\}$/.test(part) ? '[^/]+' : RegExp.escape(part)).join('/')
  return new RegExp(`^${pattern}$`).test(path)
}

/** What the header `Prefer` asks for, as Prism documents it: code=…, example=…, dynamic=true. */
function readWishes (request) {
  const wishes = getHttpConfigFromRequest(request)
  if (wishes._tag === 'Left') {
    throw new Refusal(422, `the header 'Prefer: ${request.headers.prefer}' cannot be read; it takes code=…, example=…, dynamic=true`)
  }
  return Object.fromEntries(Object.entries(wishes.right).filter(([, value]) => value !== undefined))
}

function violationsOf (findings) {
  if (findings.length === 0) return null
  if (findings.some(finding => finding.code === 401)) {
    return { status: 401, messages: ['the header x-api-key is missing or empty'] }
  }
  const status = findings.some(finding => finding.code === 415) ? 415 : 422
  // `if` says only that a condition's other findings apply; they stand beside it.
  const messages = findings
    .filter(finding => finding.code !== 'if')
    .map(finding => finding.message.replace(/^Request body property /, '').replace(/^Request body/, 'the body'))
  return { status, messages: [...new Set(messages)] }
}
