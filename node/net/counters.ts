import type { MessageStream } from '@libp2p/interface'

/** What `Traffic` counts, as it grows. */
export class Counters {
  wireIn = 0
  wireOut = 0
  syncIn = 0
  syncOut = 0
  blobIn = 0
  blobOut = 0
  gossipIn = 0
  gossipMessages = 0
  gossipFirst = 0
  dials = 0
  dialsFailed = 0

  /**
   * Counts all that goes over a raw connection from now on. Call it when its reader is attached: a listener that is
   * alone would swallow what arrives.
   */
  watch(stream: MessageStream): void {
    stream.addEventListener('message', (event) => {
      this.wireIn += event.data.byteLength
    })
    const send = stream.send.bind(stream)
    // libp2p has no hook for bytes sent, other than a whole metrics implementation.
    stream.send = (data) => {
      this.wireOut += data.byteLength
      // Noise gives a list of lengths, pieces and tags, and libp2p's TCP makes a system call of each: one is cheaper.
      return send(data.subarray())
    }
  }
}
