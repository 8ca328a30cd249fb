import { GetServiceQuotaCommand, type ServiceQuotasClient } from '@aws-sdk/client-service-quotas'

/** "Rules per network ACL": per direction and IP family, the default `*` rule included. */
export const RULES_PER_NETWORK_ACL = 'L-2AEEBF1A'
/** "Inbound or outbound rules per security group": per direction and IP family. */
export const RULES_PER_SECURITY_GROUP = 'L-0EA8095F'
/** Quotas change when somebody asks AWS; a round a minute need not ask each time. */
const KEEP_MS = 600_000

/**
 * One of the account's live quotas of the VPC service, asked at most every ten minutes. What was known last is used
 * while Service Quotas does not answer; undefined where nothing is known.
 */
export function rulesQuota(
  quotas: ServiceQuotasClient,
  QuotaCode: string,
  clock: () => number,
): () => Promise<number | undefined> {
  let known: number | undefined
  let askAt = 0
  return async () => {
    if (clock() < askAt) return known
    try {
      const { Quota } = await quotas.send(new GetServiceQuotaCommand({ ServiceCode: 'vpc', QuotaCode }))
      known = Quota?.Value ?? known
      askAt = clock() + KEEP_MS
    } catch {
      // Asked again next time: a number that is a few minutes old is better than a round that does not happen.
    }
    return known
  }
}
