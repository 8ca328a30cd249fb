import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb'
import { RemovalPolicy } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

/**
 * The fence's ledger. It outlives its stack: it says which entries of the firewall are ours, and without it they
 * would stand there for ever.
 */
export function ledgerTable(scope: Construct, id: string): Table {
  return new Table(scope, id, {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    // Collects garbage days later; what has expired is told by the item itself.
    timeToLiveAttribute: 'expires',
    removalPolicy: RemovalPolicy.RETAIN,
    deletionProtection: true,
  })
}
