// How many bytes of requests are held at once, of all connections. Each connection is bounded by itself, and so is how long
// it may take; how many there are is not.

const MOST_ON_THE_WAY = 256 * 1024 * 1024

export class Budget {
  #held = new Map()
  #most
  #total = 0

  constructor (most = MOST_ON_THE_WAY) {
    this.#most = most
  }

  /** Whether a connection may have so many bytes more. They are counted if it may. One alone may have more than all. */
  take (socket, size) {
    const held = this.#held.get(socket) ?? 0
    if (this.#total + size > this.#most && this.#total > held) return false
    this.#held.set(socket, held + size)
    this.#total += size
    return true
  }

  heldBy (socket) {
    return this.#held.get(socket) ?? 0
  }

  release (socket) {
    this.#total -= this.heldBy(socket)
    this.#held.delete(socket)
  }
}
