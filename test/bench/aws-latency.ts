import type { DelayPlan } from '../aws/faults.ts'

type Range = readonly [least: number, most: number]

/**
 * How long AWS takes for a call from within its region, in milliseconds. Assumed, all of it: no figure here was
 * measured by sipfence. DynamoDB: AWS says single-digit milliseconds. SQS: from a send to the start of a function
 * others measured 16 ms at the median and 105 ms at the 99th percentile for standard queues, 28 and 645 ms for FIFO
 * queues (eu-west-1, September 2022, "Serverless Messaging: Latency Compared", bitesizedserverless.com); a send and a
 * receive of these come to as much at the median. EC2, SNS and Service Quotas: what operators are used to see.
 */
const RANGES: Readonly<Record<string, Range>> = {
  dynamodb: [4, 8],
  sqs: [8, 15],
  sns: [15, 30],
  servicequotas: [40, 120],
}
const EC2_READS: Range = [40, 120]
const EC2_WRITES: Range = [80, 250]

/** Assumed: one call in a hundred takes five times as long. */
const SLOW_SHARE = 0.01
const SLOW_TIMES = 5

/** Delays as from AWS: even within the range of the service, and the slow ones. */
export const asFromAws: DelayPlan = ({ service, action }, random) => {
  const [least, most] = rangeOf(service, action)
  const delay = least + (most - least) * random()
  return random() < SLOW_SHARE ? delay * SLOW_TIMES : delay
}

function rangeOf(service: string, action: string): Range {
  if (service === 'ec2') return action.startsWith('Describe') ? EC2_READS : EC2_WRITES
  return RANGES[service] ?? [0, 0]
}
