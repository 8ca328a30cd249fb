/** What is assumed, because only AWS could tell, or because it is what the scenarios are; docs/cost.md says more. */
export const ASSUMED = {
  hoursAMonth: 730,
  /** Lambda polls an idle queue by 5 connections of 20 s each: documented for a mapping with a maximum concurrency, assumed for FIFO. */
  pollers: 5,
  pollSeconds: 20,
  reconcileMegabytes: 256,
  analyzeMegabytes: 1_769,
  /** How long the functions run on AWS: guesses, for a round, a block that stands in it, a message, and a source in it. */
  roundSeconds: 0.3,
  openBlockSeconds: 0.0035,
  messageSeconds: 0.1,
  sourceSeconds: 0.01,
  newSourceSeconds: 0.03,
  /** Batches that analyze handles at a time, and how long either function may run. */
  analyzeAtOnce: 2,
  longestSeconds: 30,
  /** START, END and REPORT of each invocation. */
  lambdaLogBytes: 450,
  /** Addresses of a PBX's phones and trunks; each proves itself anew once an hour. */
  knownGood: 50,
  ledgerGigabytes: 0.1,
  /** The daily attack: so many sources at a time, for an hour, on one PBX. */
  attackSources: 20,
  attackSeconds: 3_600,
  attacksAMonth: 30,
  /** One suspicious source in a report, at least, and as many as a full one holds. */
  sourceBytes: 630,
  fullReportSources: 95,
  /** A first block lasts so long, and is extended as often while its source still sends. */
  blockSeconds: 120,
  /** In a flood by real hosts: each new one that shows to be there is news, and the news of a second is one message. */
  proofMessages: 3_600,
  /** Notices in an hour of a flood. */
  noticesAnHour: 50,
  /** KMS: SQS keeps a data key for five minutes, for each sender and receiver. */
  keySeconds: 300,
} as const
