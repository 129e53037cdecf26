// Whoever starts the mock may end without ending it: a killed test run, or a `make` that alone is sent a SIGINT, which it
// does not pass on, expecting the terminal to send it to both. So the mock watches the process that it is told to follow.

import { readFileSync } from 'node:fs'

const SIGINT_BIT = 1n << 1n // signal 2 is the second bit of a mask
const INTERVAL_MS = 200

/** Calls `stop` once the parent process `pid` is gone, or is a `make` that was interrupted and waits for this process. */
export function whenParentIsDone (pid, stop) {
  const check = () => {
    if (process.ppid === pid && !isInterruptedMake(pid)) return
    clearInterval(timer)
    stop()
  }
  const timer = setInterval(check, INTERVAL_MS)
  timer.unref()
  check()
}

/**
 * A `make` that runs a recipe catches SIGINT, or ignores it if it was started so, in the background of a script. An
 * interrupted one has gone back to neither, whenever one looks. Only Linux shows it.
 */
function isInterruptedMake (pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const mask = name => BigInt(`0x${new RegExp(`^${name}:\\t([0-9a-f]+)$`, 'm').exec(status)[1]}`)
    return /^Name:\tg?make$/m.test(status) && ((mask('SigCgt') | mask('SigIgn')) & SIGINT_BIT) === 0n
  } catch {
    return false
  }
}
