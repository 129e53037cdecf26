// `make` passes SIGTERM on to the command it runs, but not SIGINT, which it expects the terminal to send to both. A
// SIGINT sent to `make` alone would leave both of them waiting for each other. So what `make` starts watches it.

import { readFileSync } from 'node:fs'

const SIGINT_BIT = 1n << 1n // signal 2 is the second bit of the mask
const INTERVAL_MS = 200

/** Calls `stop` once the parent process is gone, or has been interrupted and waits for this process. */
export function whenParentIsDone (stop) {
  const parent = process.ppid
  // A `make` in the background of a script never catches SIGINT: it ignores it from the beginning.
  const caught = catchesInterrupt(parent)
  const timer = setInterval(() => {
    if (process.ppid !== parent || (caught && !catchesInterrupt(parent))) {
      clearInterval(timer)
      stop()
    }
  }, INTERVAL_MS)
  timer.unref()
}

/** Whether a `make` catches SIGINT; an interrupted one does not any more. Only Linux shows it. */
function catchesInterrupt (pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const caught = BigInt(`0x${/^SigCgt:\t([0-9a-f]+)$/m.exec(status)[1]}`)
    return /^Name:\tmake$/m.test(status) && (caught & SIGINT_BIT) !== 0n
  } catch {
    return false
  }
}
