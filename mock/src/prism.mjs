// Prism as a library: it validates a request against the contract and makes up the answer.
//
// Its published server hangs on a malformed body and dies on a malformed path, so only its core is used here, behind
// the front of this folder.

import { createLogger } from '@stoplight/prism-core'
import { createInstance, getHttpOperationsFromSpec } from '@stoplight/prism-http'

import { acceptedTypes } from './accept.mjs'
import { readContract } from './contract.mjs'
import { Refusal } from './envelope.mjs'
import { readWishes } from './prefer.mjs'
import { printable } from './text.mjs'

const SUCCESS = 10000
const MOST_FINDINGS = 50
const LONGEST_FINDING = 1000
const MOST_ROLLS = 20
const SETTINGS = { isProxy: false, checkSecurity: true, validateRequest: true, validateResponse: true, errors: false }

/** Reads a contract; what comes back routes, validates and answers requests. */
export async function loadContract (path) {
  const operations = await getHttpOperationsFromSpec(await readContract(path))
  if (operations.length === 0) throw new Error('it has no operations')
  return new Prism(operations)
}

class Prism {
  #operations
  #instance

  constructor (operations) {
    this.#operations = operations
    this.#instance = createInstance({ ...SETTINGS, mock: { dynamic: false } }, { logger: createLogger('prism', { level: 'silent' }) })
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
    if (onPath.length === 0) throw new Refusal(404, `the contract has no path ${printable(path)}`)
    const found = onPath.find(operation => operation.method.toUpperCase() === method)
    if (found) return found
    const allowed = listed(onPath)
    throw new Refusal(405, `${method} is not allowed on ${printable(path)}; allowed: ${allowed}`, { allow: allowed })
  }

  /** A Refusal that names everything in which a request breaks the contract, or null. */
  async refusal (operation, request) {
    return refusalOf((await this.#ask(request)).validations.input, operation)
  }

  /** The answer to a request, which may wish for a particular one. */
  async answer (operation, request) {
    const { output, validations } = await this.#ask(request)
    const refusal = refusalOf(validations.input, operation)
    if (refusal) throw refusal
    const wishes = readWishes(request)
    if (Object.keys(wishes).length === 0) return answerOf(output)
    const examples = examplesFor(operation, wishes.code ?? output.statusCode)
    const { exampleKey } = wishes
    if (exampleKey !== undefined && !examples.some(({ key }) => key === exampleKey)) {
      throw new Refusal(404, `the answer ${wishes.code ?? output.statusCode} has no example '${printable(exampleKey)}'; it has ${examples.map(({ key }) => key).join(', ')}`)
    }
    const answer = answerOf((await this.#ask(request, wishes)).output)
    if (wishes.dynamic && answer.status === 200) await this.#makeSuccess(answer, examples, request, wishes)
    return answer
  }

  /**
   * Turns a made-up answer into a success, which is what was asked for: a made-up code is a failure nearly always. Its
   * data must then not be the null of a failure, unless successes have it too.
   */
  async #makeSuccess (answer, examples, request, { seed, ...wishes }) {
    const successes = examples.map(({ value }) => value).filter(value => value?.code === SUCCESS)
    if (successes.length === 0 || typeof answer.body !== 'object' || answer.body === null) return
    const fits = data => data !== null || successes.some(success => success.data === null)
    // Without the seed, which would give the same answer again; Prism's generator goes on from where the seed brought it.
    for (let rolls = 1; rolls < MOST_ROLLS && !fits(answer.body.data); rolls++) {
      answer.body = (await this.#ask(request, wishes)).output.body
    }
    if (!fits(answer.body.data)) answer.body.data = successes[0].data
    answer.body.code = SUCCESS
  }

  async #ask (request, wishes = {}) {
    const mediaTypes = acceptedTypes(request.headers.accept)
    const result = await this.#instance.request(request, this.#operations, { ...SETTINGS, mock: { dynamic: false, mediaTypes, ...wishes } })()
    if (result._tag === 'Right') return result.right
    const { status = 500, detail, message } = result.left
    throw new Refusal(status, printable(detail ?? message, LONGEST_FINDING))
  }
}

function listed (operations) {
  return [...new Set(operations.map(operation => operation.method.toUpperCase()))].sort().join(', ')
}

function matches (template, path) {
  const pattern = template.split('/').map(part => /^\{.+\}$/.test(part) ? '[^/]+' : RegExp.escape(part)).join('/')
  return new RegExp(`^${pattern}$`).test(path)
}

function answerOf ({ statusCode, headers, body }) {
  return { status: statusCode, headers: headers ?? {}, body }
}

/** The examples of the response that OpenAPI means by a status: the one with its number, its range, or the default. */
function examplesFor (operation, status) {
  const response = [String(status), `${String(status)[0]}XX`, 'default']
    .map(code => operation.responses.find(response => response.code === code))
    .find(response => response)
  return (response?.contents ?? []).flatMap(content => content.examples ?? [])
}

function refusalOf (findings, operation) {
  if (findings.length === 0) return null
  if (findings.some(finding => finding.code === 401)) return new Refusal(401, 'the header x-api-key is missing or empty')
  // `if` says only that a condition's other findings apply; they stand beside it.
  const messages = [...new Set(findings.filter(({ code }) => code !== 'if').map(finding => messageOf(finding, operation)))]
  const more = messages.length - MOST_FINDINGS
  if (more > 0) messages.splice(MOST_FINDINGS, more, `… and ${more.toLocaleString('en')} more`)
  return new Refusal(422, messages.join('; '))
}

/** What Prism found, with each name as the contract has it, and a name of the client's shortened. */
function messageOf ({ message }, operation) {
  const parameters = Object.values(operation.request ?? {}).flat().map(({ name }) => name).filter(name => name)
  const text = message
    .replace(/^Request body property /, '')
    .replace(/^Request body/, 'the body')
    .replace(/(?<= parameter )[^ ]+/, found => parameters.find(name => name.toLowerCase() === found) ?? found)
    .replace(/(?<=; found ').*(?='$)/s, name => printable(name))
  return printable(text, LONGEST_FINDING)
}
