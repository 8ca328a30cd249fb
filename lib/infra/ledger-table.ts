import { AttributeType, BillingMode, type ITable, Table } from 'aws-cdk-lib/aws-dynamodb'
import { RemovalPolicy } from 'aws-cdk-lib/core'
import type { Construct } from 'constructs'

/** Of a table that is there already CDK knows no more. */
export type LedgerTable = Pick<ITable, 'tableName' | 'tableArn'>

/**
 * The fence's ledger. It outlives its stack: it says which entries of the firewall are ours, and without it they
 * would stand there for ever. So a stack that is made anew may be given the one of the stack before.
 */
export function ledgerTable(scope: Construct, id: string, existing: string | undefined): LedgerTable {
  if (existing !== undefined) return Table.fromTableName(scope, id, existing)
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
