import type { AwsApi } from './aws-api.ts'
import { AwsError } from './aws-error.ts'
import { AWS_JSON_1_1 } from './protocols.ts'
import type { WireObject } from './wire-value.ts'

/** A quota of the account. */
export interface Quota {
  readonly name: string
  /** What GetServiceQuota answers; null where Service Quotas has no applied value. */
  readonly applied: number | null
  /** What GetAWSDefaultServiceQuota answers. */
  readonly initial: number
  readonly adjustable: boolean
}

/** Code of "Rules per network ACL", which is 20 unless raised (Amazon VPC quotas). */
export const ACL_RULES_QUOTA = 'vpc/L-2AEEBF1A'

/** Code of "Inbound or outbound rules per security group", which is 60 unless raised (Amazon VPC quotas). */
export const GROUP_RULES_QUOTA = 'vpc/L-0EA8095F'

/**
 * Service Quotas over the quotas in the map, whose keys are `SERVICE_CODE/QUOTA_CODE`; a change of the map is in
 * the next answer. NoSuchResourceException is documented for both actions, also where only the default value is
 * known; TooManyRequestsException and ServiceException are in the service's model, their statuses are inferred.
 */
export function quotasApi(quotas: ReadonlyMap<string, Quota>): AwsApi {
  return {
    name: 'servicequotas',
    target: 'ServiceQuotasV20190624',
    protocol: AWS_JSON_1_1,
    actions: {
      GetServiceQuota(parameters) {
        const quota = quotaIn(quotas, parameters)
        return { Quota: { ...quotaItem(parameters, quota), Value: quota.applied ?? noSuchQuota(parameters) } }
      },
      GetAWSDefaultServiceQuota(parameters) {
        const quota = quotaIn(quotas, parameters)
        return { Quota: { ...quotaItem(parameters, quota), Value: quota.initial } }
      },
    },
    throttled: { code: 'TooManyRequestsException', status: 400 },
    internal: { code: 'ServiceException', status: 500 },
  }
}

function quotaIn(quotas: ReadonlyMap<string, Quota>, parameters: WireObject): Quota {
  return quotas.get(keyOf(parameters)) ?? noSuchQuota(parameters)
}

function keyOf({ ServiceCode: service, QuotaCode: quota }: WireObject): string {
  if (typeof service === 'string' && typeof quota === 'string') return `${service}/${quota}`
  // Inferred: the model's only code for a request that is not valid.
  throw new AwsError('IllegalArgumentException', 'The request must contain ServiceCode and QuotaCode')
}

function noSuchQuota(parameters: WireObject): never {
  throw new AwsError('NoSuchResourceException', `There is no quota ${keyOf(parameters)}`)
}

function quotaItem({ ServiceCode, QuotaCode }: WireObject, { name, adjustable }: Quota): WireObject {
  return { ServiceCode, QuotaCode, QuotaName: name, Unit: 'None', Adjustable: adjustable, GlobalQuota: false }
}
