/** What the stack names and others find: whoever deploys and whoever looks must say the same. */

export function stackName(fence: string): string {
  return `SipFence-${fence}`
}

/** The queue that a fence takes its reports from. */
export function reportsQueueName(fence: string): string {
  return `sipfence-${fence}-reports`
}
