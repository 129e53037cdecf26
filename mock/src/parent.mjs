// `make` passes SIGTERM on to the command it runs, but not SIGINT, which it expects the terminal to send to both. A
// SIGINT sent to `make` alone would leave both of them waiting for each other. So what `make` starts watches it.

import { readFileSync } from 'node:fs'

const SIGINT_BIT = 1n << 1n // signal 2 is the second bit of the mask
const INTERVAL_MS = 200

/** Calls `stop` once the parent process is gone, or has been interrupted and waits for this process. */
export function whenParentIsDone (stop) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid !== parent || wasInterrupted(parent)) {
      clearInterval(timer)
      stop()
    }
  }, INTERVAL_MS)
  timer.unref()
}

/** An interrupted `make` no longer catches SIGINT. Only Linux shows it; elsewhere the terminal's signal has to do. */
function wasInterrupted (pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    if (!/^Name:\tmake$/m.test(status)) return false
    const caught = BigInt(`0x${/^SigCgt:\t([0-9a-f]+)$/m.exec(status)[1]}`)
    return (caught & SIGINT_BIT) === 0n
  } catch {
    return false
  }
}
