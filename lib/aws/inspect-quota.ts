import { GetServiceQuotaCommand, type ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { failureOf } from './aws-errors.ts'

/**
 * One of the account's live quotas of the VPC service. Service Quotas has an answer only where it knows an applied value
 * (GetServiceQuota); without one AWS's default is in force.
 */
export async function inspectQuota(
  quotas: ServiceQuotasClient,
  code: string,
  byDefault: number,
): Promise<number> {
  try {
    const command = new GetServiceQuotaCommand({ ServiceCode: 'vpc', QuotaCode: code })
    const { Quota } = await quotas.send(command)
    return Quota?.Value ?? byDefault
  } catch (error) {
    if (failureOf(error) === 'not-found') return byDefault
    throw error
  }
}
