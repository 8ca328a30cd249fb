/** What a receipt handle says: it is of one receive of one message from one queue. */
export interface Receipt {
  readonly queue: string
  readonly messageId: string
}

/** @param receive which receive of the queue it is, so that no two handles are the same */
export function receiptHandle({ queue, messageId }: Receipt, receive: number): string {
  return Buffer.from(`${queue} ${messageId} ${receive}`).toString('base64')
}

/** Null where no queue gave out such a handle. */
export function readReceipt(handle: string): Receipt | null {
  const text = Buffer.from(handle, 'base64').toString('utf8')
  const [, queue, messageId] = /^(\S+) ([0-9a-f-]{36}) \d+$/.exec(text) ?? []
  return queue === undefined || messageId === undefined ? null : { queue, messageId }
}
