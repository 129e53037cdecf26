// The header `Accept`, which Prism cannot take as it comes: it throws at what is no media type.

const RANGE = /^\s*([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+)\s*(?:;|$)/
const WEIGHT = /;\s*q=([01](?:\.\d+)?)\s*(?:;|$)/i

/** The media types that a request accepts, for Prism. What says nothing that can be read refuses nothing. */
export function acceptedTypes (header = '') {
  const ranges = header.split(',').flatMap(range => {
    const [, type] = RANGE.exec(range) ?? []
    const [, weight = '1'] = WEIGHT.exec(range) ?? []
    const refusesEverything = type === '*/*' && Number(weight) === 0
    return type && !refusesEverything ? [`${type};q=${weight}`] : []
  })
  return ranges.length > 0 ? ranges : ['*/*']
}
