"""What AWS's CDK sample for DynamoDB to OpenSearch makes, written anew: the same kinds of resources, to be synthesized.

Not to be deployed: it is here for the time that its synth takes.
"""

import os

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_opensearchservice as opensearch
from aws_cdk import aws_osis as osis
from aws_cdk import aws_s3 as s3

BODY = """\
version: "2"
dynamodb-pipeline:
  source:
    dynamodb:
      tables:
        - table_arn: {table}
          stream: {{start_position: LATEST}}
          export: {{s3_bucket: {bucket}, s3_region: {region}, s3_prefix: export/}}
      aws: {{region: {region}, sts_role_arn: {role}}}
  sink:
    - opensearch:
        hosts: ["https://{host}"]
        index: orders
        document_id: ${{getMetadata("primary_key")}}
        aws: {{region: {region}, sts_role_arn: {role}}}
"""


def main() -> None:
    app = cdk.App(outdir=os.environ.get("CDK_OUTDIR"))
    stack = cdk.Stack(app, "zero-etl")
    table = dynamodb.Table(
        stack,
        "table",
        partition_key=dynamodb.Attribute(name="order_id", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
    )
    bucket = s3.Bucket(stack, "bucket", block_public_access=s3.BlockPublicAccess.BLOCK_ALL)
    users = cognito.UserPool(stack, "users", self_sign_up_enabled=False)
    users.add_domain("domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix="shop-111122223333"))
    identities = cognito.CfnIdentityPool(stack, "identities", allow_unauthenticated_identities=False)
    people = iam.Role(
        stack,
        "people",
        assumed_by=iam.FederatedPrincipal(
            "cognito-identity.amazonaws.com",
            {"StringEquals": {"cognito-identity.amazonaws.com:aud": identities.ref}},
            "sts:AssumeRoleWithWebIdentity",
        ),
    )
    cognito.CfnIdentityPoolRoleAttachment(
        stack, "roles", identity_pool_id=identities.ref, roles={"authenticated": people.role_arn}
    )
    dashboards = iam.Role(
        stack,
        "dashboards",
        assumed_by=iam.ServicePrincipal("es.amazonaws.com"),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonOpenSearchServiceCognitoAccess")],
    )
    pipeline = iam.Role(stack, "ingestion", assumed_by=iam.ServicePrincipal("osis-pipelines.amazonaws.com"))
    domain = opensearch.Domain(
        stack,
        "search",
        version=opensearch.EngineVersion.OPENSEARCH_2_19,
        capacity=opensearch.CapacityConfig(data_nodes=1, data_node_instance_type="t3.small.search"),
        ebs=opensearch.EbsOptions(volume_size=10),
        enforce_https=True,
        node_to_node_encryption=True,
        encryption_at_rest=opensearch.EncryptionAtRestOptions(enabled=True),
        cognito_dashboards_auth=opensearch.CognitoOptions(
            identity_pool_id=identities.ref, user_pool_id=users.user_pool_id, role=dashboards
        ),
        access_policies=[
            iam.PolicyStatement(actions=["es:ESHttp*"], principals=[people, pipeline], resources=["*"]),
        ],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    domain.grant_read_write(pipeline)
    table.grant_full_access(pipeline)
    bucket.grant_read_write(pipeline)
    osis.CfnPipeline(
        stack,
        "pipeline",
        pipeline_name="orders",
        min_units=1,
        max_units=2,
        pipeline_configuration_body=BODY.format(
            table=table.table_arn,
            bucket=bucket.bucket_name,
            role=pipeline.role_arn,
            host=domain.domain_endpoint,
            region=stack.region,
        ),
    )
    cdk.CfnOutput(stack, "dashboards-url", value=f"https://{domain.domain_endpoint}/_dashboards")
    cdk.CfnOutput(stack, "table-name", value=table.table_name)
    app.synth()


if __name__ == "__main__":
    main()
