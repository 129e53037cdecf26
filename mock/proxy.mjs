// Prism in front of a server, for tests: `node proxy.mjs --port 0 --upstream http://127.0.0.1:8000`. It passes requests
// and answers on, and checks each against the contract.
//
// Standard output carries one line, `ready http://127.0.0.1:PORT`, once requests are answered. SIGINT and SIGTERM end it.

import { loadChecker, refuseOtherHosts } from './src/checker.mjs'
import { announce, begin, fail, failToListen, HOST, loaded } from './src/program.mjs'
import { printable } from './src/text.mjs'
import { answerEveryRequest } from './src/unanswered.mjs'

const { port, contract, upstream } = begin({ upstream: { type: 'string' } })
if (upstream === undefined) fail('--upstream is missing; it is the base URL of the server to check')
if (!/^https?:\/\//i.test(upstream) || !URL.canParse(upstream)) fail(`upstream '${printable(upstream)}' is not a URL; it is like http://127.0.0.1:8000`)

const createProxy = await loaded(contract, loadChecker)
const baseUrl = await createProxy(new URL(upstream)).listen(port, HOST).catch(message => {
  // Prism gives the message alone: "listen EADDRINUSE: …".
  failToListen({ code: /^listen (\w+)/.exec(message)?.[1], message }, port, '--port 0')
})
answerEveryRequest()
refuseOtherHosts()
announce(baseUrl)
