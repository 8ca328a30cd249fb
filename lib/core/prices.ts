/** What AWS charges for, by list prices: no free tier, no agreement, no taxes. */

export interface Price {
  /** For people: what is paid for, and in which unit it is counted. */
  readonly what: string
  readonly unit: string
  /** US dollars for one unit. */
  readonly usd: number
  /** Units a month that every account has for nothing, taken off where somebody asks for it. */
  readonly free: number
  /** AWS's own, which counts. */
  readonly page: string
  /** Where the price was read when the table was put together: `AWS` is a stored copy of that page, the rest are others. */
  readonly seen: string
}

/** Other regions differ: up to 40 % more, says one article; unverified. */
export const PRICE_REGION = 'us-east-1'
/** When the table was put together. What was read then is older: fixtures without a date, articles of 2025 and 2026. */
export const PRICES_AT = '2026-11-22'

const MILLION = 1_000_000
const LAMBDA = 'https://aws.amazon.com/lambda/pricing/'
const SQS = 'https://aws.amazon.com/sqs/pricing/'
const DYNAMODB = 'https://aws.amazon.com/dynamodb/pricing/on-demand/'
const SNS = 'https://aws.amazon.com/sns/pricing/'
const CLOUDWATCH = 'https://aws.amazon.com/cloudwatch/pricing/'
const KMS = 'https://aws.amazon.com/kms/pricing/'

/**
 * In the order in which a bill shows them. What a fence uses beside these costs nothing: calls of the EC2 API, network ACLs,
 * prefix lists and security groups, EventBridge's schedule, SQS's own encryption, data between SQS and an instance of the
 * same region. SQS's free requests are one million for both kinds of queue together.
 */
export const PRICES = {
  metricSeries: price('CloudWatch metrics', 'series a month', 0.3, 10, CLOUDWATCH, 'signoz'),
  alarmMetrics: price('CloudWatch alarms', 'metrics in them, a month', 0.1, 10, CLOUDWATCH, 'infracost'),
  dashboards: price('CloudWatch dashboard', 'a month', 3, 3, CLOUDWATCH, 'infracost, factualminds'),
  logGigabytes: price('CloudWatch log', 'GB taken in', 0.5, 5, CLOUDWATCH, 'infracost, factualminds'),
  logStorage: price('CloudWatch log, kept', 'GB a month', 0.03, 5, CLOUDWATCH, 'infracost'),
  standardRequests: price('SQS, reports', 'requests of 64 KB', 0.4 / MILLION, MILLION, SQS, 'infracost'),
  fifoRequests: price('SQS FIFO, wake-ups', 'requests of 64 KB', 0.5 / MILLION, 0, SQS, 'infracost'),
  lambdaRequests: price('Lambda', 'invocations', 0.2 / MILLION, MILLION, LAMBDA, 'infracost, kodekloud'),
  lambdaGigabyteSeconds: price(
    'Lambda, arm64',
    'GB-seconds',
    0.0000133334,
    400_000,
    LAMBDA,
    'infracost, cloudchipr',
  ),
  reads: price('DynamoDB reads', 'units of 4 KB', 0.125 / MILLION, 0, DYNAMODB, 'infracost, airbyte'),
  writes: price('DynamoDB writes', 'units of 1 KB', 0.625 / MILLION, 0, DYNAMODB, 'infracost, airbyte'),
  storage: price('DynamoDB, the ledger', 'GB a month', 0.25, 25, DYNAMODB, 'infracost'),
  recovery: price('DynamoDB, point-in-time recovery', 'GB a month', 0.2, 0, DYNAMODB, 'infracost'),
  publishes: price('SNS', 'notices', 0.5 / MILLION, MILLION, SNS, 'factualminds'),
  emails: price('SNS, e-mail', 'e-mails', 2 / 100_000, 1_000, SNS, 'factualminds'),
  keys: price('KMS key', 'a month', 1, 0, KMS, 'AWS'),
  keyRequests: price('KMS', 'requests', 0.03 / 10_000, 20_000, KMS, 'infracost, wring'),
} as const satisfies Readonly<Record<string, Price>>

/** What is counted for a bill. */
export type Billed = keyof typeof PRICES

function price(what: string, unit: string, usd: number, free: number, page: string, seen: string): Price {
  return { what, unit, usd, free, page, seen }
}
