// Reads a contract and refuses a broken one. Prism would serve it: a schema that it cannot compile is, to Prism, a schema
// without rules, and a mock that checks nothing looks like one that is content.

import { readFile } from 'node:fs/promises'

import { Validator } from '@seriousme/openapi-schema-validator'
import addFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'

const WITHOUT_SCHEMAS = /^(?:examples?|x-.*)$/

/** The document of a contract; an Error names in one line the first thing that is wrong with it. */
export async function readContract (path) {
  const document = parse(await readFile(path, 'utf8')) // which refuses a key that is there twice
  if (document === null || typeof document !== 'object') throw new Error('it is not an object')
  if (!/^3\.1\.\d+$/.test(document.openapi)) throw new Error(`its version of OpenAPI is ${JSON.stringify(document.openapi)}, not 3.1`)
  const { errors } = await new Validator().validate(document)
  if (errors) throw new Error(told(errors))
  checkSchemas(document)
  checkSecurity(document)
  return document
}

/** Compiles every schema as strictly as can be. */
function checkSchemas (document) {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false, strictRequired: false, validateSchema: false })
  addFormats(ajv)
  // OpenAPI's own keywords, which check nothing, and where the references lead.
  ajv.addVocabulary(['discriminator', 'example', 'externalDocs', 'xml', 'components'])
  const all = [...schemas(document, '')]
  for (const { place, schema } of all) if (!ajv.validateSchema(schema)) throw new Error(told(ajv.errors, place))
  for (const { place, schema } of all) {
    try {
      ajv.compile({ ...schema, components: document.components })
    } catch (error) {
      throw new Error(`${place}: ${error.message}`)
    }
  }
}

/** Every schema that stands for itself, and where. */
function * schemas (part, place) {
  for (const [name, inner] of Object.entries(part)) {
    const here = `${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (name === 'schema' || place === '/components/schemas') yield { place: here, schema: inner }
    else if (inner && typeof inner === 'object' && !WITHOUT_SCHEMAS.test(name)) yield * schemas(inner, here)
  }
}

/** The deepest finding is the one that the others follow from. */
function told (errors, place = '') {
  if (typeof errors === 'string') return errors
  const { instancePath, message } = errors.reduce((one, other) => other.instancePath.length > one.instancePath.length ? other : one)
  return `${place}${instancePath} ${message}`.trim()
}

/** A security scheme that does not exist would be one that every request satisfies. */
function checkSecurity (document) {
  const operations = Object.values(document.paths ?? {}).flatMap(item => Object.values(item))
  for (const { security = [] } of [document, ...operations]) {
    for (const name of security.flatMap(Object.keys)) {
      if (!document.components?.securitySchemes?.[name]) throw new Error(`there is no security scheme '${name}'`)
    }
  }
}
