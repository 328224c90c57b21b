"""The name of everything that is deployed, with AWS's limit for each kind of name.

Every name follows from a few settings, so that any stack can be planned without another stack's state. Names that are
unique per account carry the Region; names that are unique world-wide carry account and Region, or a digest of both.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property


class InvalidName(ValueError):
    """A derived name breaks a limit of AWS; the message says which and what to shorten."""


@dataclass(frozen=True)
class Kind:
    """What AWS accepts as a name: a full-match pattern and a length in characters."""

    noun: str
    pattern: str
    shortest: int
    longest: int
    source: str

    def named(self, name: str) -> str:
        """Return `name` unchanged, or raise InvalidName. Nothing is ever cut: a cut name could clash."""
        if not self.shortest <= len(name) <= self.longest:
            raise InvalidName(
                f"the {self.noun} would be called {name!r}, {len(name)} characters; AWS takes {self.shortest} to "
                f"{self.longest} ({self.source}); shorten `project`, the environment's file name or the table's key"
            )
        if not re.fullmatch(self.pattern, name):
            raise InvalidName(
                f"the {self.noun} would be called {name!r}; AWS takes {self.pattern} ({self.source}); "
                "change `project`, the environment's file name or the table's key"
            )
        return name


PIPELINE = Kind("pipeline", r"[a-z][a-z0-9-]+", 3, 28, "OSIS API, CreatePipeline")
DOMAIN = Kind("OpenSearch domain", r"[a-z][a-z0-9-]+", 3, 28, "OpenSearch Service API, CreateDomain")
COLLECTION = Kind(
    "OpenSearch Serverless collection", r"[a-z][a-z0-9-]+", 3, 32, "OpenSearch Serverless API, CreateSecurityPolicy"
)
# Ours end in a Region, which none of the reserved endings is.
BUCKET = Kind(
    "S3 bucket",
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]+[a-z0-9]",
    3,
    63,
    "S3 user guide, general purpose bucket naming rules",
)
TABLE = Kind("DynamoDB table", r"[A-Za-z0-9_.-]+", 3, 255, "DynamoDB API, CreateTable")
ROLE = Kind("IAM role", r"[A-Za-z0-9_+=,.@-]+", 1, 64, "IAM API, CreateRole")
POLICY = Kind("IAM policy", r"[A-Za-z0-9_+=,.@-]+", 1, 128, "IAM API, CreatePolicy")
FUNCTION = Kind("Lambda function", r"[A-Za-z0-9_-]+", 1, 64, "Lambda API, CreateFunction")
USER_POOL = Kind("Cognito user pool", r"[\w\s+=,.@-]+", 1, 128, "Cognito API, CreateUserPool")
SIGN_IN_PREFIX = Kind(
    "Cognito domain prefix",
    r"(?!.*(aws|amazon|cognito))[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
    1,
    63,
    "Cognito API, CreateUserPoolDomain; the words aws, amazon and cognito are reserved",
)
BUDGET = Kind("budget", r"[^:\\]+", 1, 100, "AWS Budgets API, CreateBudget")
SCHEDULE_GROUP = Kind("schedule group", r"[0-9A-Za-z_.-]+", 1, 64, "EventBridge Scheduler API, CreateScheduleGroup")
SCHEDULE = Kind("schedule", r"[0-9A-Za-z_.-]+", 1, 64, "EventBridge Scheduler API, CreateSchedule")
TOPIC = Kind("topic of the alarms", r"[A-Za-z0-9_-]+", 1, 256, "SNS API, CreateTopic")
ALARM = Kind("alarm", r"[ -~]+", 1, 255, "CloudWatch API, PutMetricAlarm")
CLOUDWATCH_DASHBOARD = Kind("CloudWatch dashboard", r"[A-Za-z0-9_-]+", 1, 255, "CloudWatch API, PutDashboard")
KEY_ALIAS = Kind("key alias", r"alias/(?!aws/)[a-zA-Z0-9/_-]+", 7, 256, "KMS API, CreateAlias")
SECURITY_GROUP = Kind(
    "security group", r"(?!sg-)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]+", 1, 255, "EC2 API, CreateSecurityGroup"
)
LOG_GROUP = Kind("log group", r"[A-Za-z0-9_/.#-]+", 1, 512, "CloudWatch Logs API, CreateLogGroup")

# Where the objects of all pipelines lie in the export bucket, each pipeline's under its own id.
EXPORT_PREFIX = "export/"
DLQ_PREFIX = "dlq/"


class Derived:
    """Names that follow from something else."""

    def check(self) -> None:
        """Derive every name once. Raises InvalidName for the first that AWS would refuse."""
        for attribute, member in vars(type(self)).items():
            if isinstance(member, cached_property):
                getattr(self, attribute)


@dataclass(frozen=True)
class Names(Derived):
    """Names and ARNs of one environment."""

    project: str
    environment: str
    account_id: str
    region: str
    # The domain's name where it was there before us.
    existing_domain: str | None = None

    # The Regions that have OSIS are all in this partition (settings.Region).
    partition: str = "aws"

    @property
    def prefix(self) -> str:
        return f"{self.project}-{self.environment}"

    @cached_property
    def domain(self) -> str:
        return self.existing_domain or DOMAIN.named(self.prefix)

    @cached_property
    def collection(self) -> str:
        """The collection, and of each kind what belongs to it: policies, SAML provider, VPC endpoint."""
        return COLLECTION.named(self.prefix)

    @cached_property
    def search_setup(self) -> str:
        return FUNCTION.named(f"{self.prefix}-search-setup")

    @cached_property
    def dead_letters(self) -> str:
        return FUNCTION.named(f"{self.prefix}-dead-letters")

    @cached_property
    def key_alias(self) -> str:
        return KEY_ALIAS.named(f"alias/{self.prefix}")

    @property
    def account_arn(self) -> str:
        """Stands for the account: whoever IAM lets."""
        return f"arn:{self.partition}:iam::{self.account_id}:root"

    @cached_property
    def network(self) -> str:
        """The VPC and its security group."""
        return SECURITY_GROUP.named(f"{self.prefix}-private")

    @cached_property
    def flow_log_group(self) -> str:
        return LOG_GROUP.named(f"/aws/vpc/{self.network}")

    @cached_property
    def flow_log_role(self) -> str:
        return self.role("flow-logs")

    @property
    def any_flow_log_arn(self) -> str:
        return self.arn("ec2", "vpc-flow-log/*")

    @cached_property
    def user_pool(self) -> str:
        return USER_POOL.named(self.prefix)

    @cached_property
    def sign_in_prefix(self) -> str:
        """World-wide unique: account and Region enter as a digest, which does not publish the account's number."""
        place = hashlib.sha256(f"{self.account_id}/{self.region}".encode()).hexdigest()[:8]
        return SIGN_IN_PREFIX.named(f"{self.prefix}-{place}")

    @cached_property
    def export_bucket(self) -> str:
        return self._bucket("export")

    @cached_property
    def state_bucket(self) -> str:
        return self._bucket("state")

    @cached_property
    def access_log_bucket(self) -> str:
        return self._bucket("logs")

    @cached_property
    def audit_log_group(self) -> str:
        return LOG_GROUP.named(f"/aws/opensearch/{self.domain}/audit")

    @cached_property
    def error_log_group(self) -> str:
        return LOG_GROUP.named(f"/aws/opensearch/{self.domain}/errors")

    @cached_property
    def search_cognito_role(self) -> str:
        return self.role("search-cognito")

    @cached_property
    def administrators_role(self) -> str:
        return self.role("administrators")

    @cached_property
    def analysts_role(self) -> str:
        return self.role("analysts")

    @cached_property
    def no_group_role(self) -> str:
        return self.role("no-group")

    @cached_property
    def search_setup_role(self) -> str:
        return self.role("search-setup")

    @cached_property
    def dead_letters_role(self) -> str:
        return self.role("dead-letters")

    @cached_property
    def plan_role(self) -> str:
        return self.role("plan")

    @cached_property
    def deploy_role(self) -> str:
        return self.role("deploy")

    @cached_property
    def boundary(self) -> str:
        """The policy beyond which no role of the environment may do anything, whatever its own policies say."""
        return self.policy("boundary")

    @cached_property
    def budget(self) -> str:
        return BUDGET.named(f"{self.prefix}-{self.region}")

    @cached_property
    def schedule_group(self) -> str:
        return SCHEDULE_GROUP.named(self.prefix)

    @cached_property
    def hours_role(self) -> str:
        return self.role("hours")

    @cached_property
    def alarm_topic(self) -> str:
        return TOPIC.named(f"{self.prefix}-alarms")

    @cached_property
    def cloudwatch_dashboard(self) -> str:
        """Dashboards of CloudWatch are the account's, whatever the Region."""
        return CLOUDWATCH_DASHBOARD.named(f"{self.prefix}-{self.region}")

    @property
    def alarm_topic_arn(self) -> str:
        return self.arn("sns", self.alarm_topic)

    @property
    def any_alarm_arn(self) -> str:
        """Every alarm of this environment: their names begin as everything's do."""
        return self.arn("cloudwatch", f"alarm:{self.prefix}-*")

    @property
    def any_key_arn(self) -> str:
        return self.arn("kms", "key/*")

    @property
    def schedule_group_arn(self) -> str:
        return self.arn("scheduler", f"schedule-group/{self.schedule_group}")

    @property
    def domain_arn(self) -> str:
        return self.arn("es", f"domain/{self.domain}")

    @property
    def collection_dashboards_arn(self) -> str:
        """Dashboards of every collection of the account and Region; IAM knows no other."""
        return self.arn("aoss", "dashboards/default")

    @property
    def any_role_arn(self) -> str:
        """Every role of this environment, those who deploy included."""
        return self.role_arn(f"{self.prefix}-*-{self.region}")

    @property
    def any_policy_arn(self) -> str:
        return self.policy_arn(f"{self.prefix}-*-{self.region}")

    @property
    def any_pipeline_arn(self) -> str:
        return self.pipeline_arn("*")

    @property
    def export_bucket_arn(self) -> str:
        return self.bucket_arn(self.export_bucket)

    def table(self, key: str) -> "TableNames":
        """The names of what belongs to one table of the settings."""
        return TableNames(self, key)

    def role(self, purpose: str) -> str:
        return ROLE.named(f"{self.prefix}-{purpose}-{self.region}")

    def policy(self, purpose: str) -> str:
        return POLICY.named(f"{self.prefix}-{purpose}-{self.region}")

    def table_arn(self, table: str) -> str:
        return self.arn("dynamodb", f"table/{table}")

    def pipeline_arn(self, pipeline: str) -> str:
        return self.arn("osis", f"pipeline/{pipeline}")

    def bucket_arn(self, bucket: str) -> str:
        return f"arn:{self.partition}:s3:::{bucket}"

    def function_arn(self, function: str) -> str:
        return self.arn("lambda", f"function:{function}")

    def function_log_group(self, function: str) -> str:
        return LOG_GROUP.named(f"/aws/lambda/{function}")

    def alarm(self, about: str) -> str:
        return ALARM.named(f"{self.prefix}-{about}")

    def role_arn(self, role: str) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:role/{role}"

    def policy_arn(self, policy: str) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:policy/{policy}"

    def oidc_provider_arn(self, host: str) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:oidc-provider/{host}"

    def log_group_arn(self, log_group: str) -> str:
        return self.arn("logs", f"log-group:{log_group}")

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def _bucket(self, purpose: str) -> str:
        return BUCKET.named(f"{self.prefix}-{purpose}-{self.account_id}-{self.region}")


@dataclass(frozen=True)
class TableNames(Derived):
    """Names of what belongs to one table, of one environment's `names`."""

    names: Names
    key: str

    @cached_property
    def table(self) -> str:
        return TABLE.named(f"{self.names.prefix}-{self.key}")

    @cached_property
    def seeder(self) -> str:
        return FUNCTION.named(f"{self.names.prefix}-{self.key}-seeder")

    @cached_property
    def seeder_role(self) -> str:
        return self.names.role(f"{self.key}-seeder")

    def pipeline(self, generation: int) -> "PipelineNames":
        return PipelineNames(self.names, self.key, generation)


@dataclass(frozen=True)
class PipelineNames(Derived):
    """Names of what belongs to one pipeline: a table's, of one generation."""

    names: Names
    key: str
    generation: int

    @property
    def id(self) -> str:
        """Short and unique in the environment: orders-1."""
        return f"{self.key}-{self.generation}"

    @cached_property
    def pipeline(self) -> str:
        return PIPELINE.named(f"{self.names.prefix}-{self.id}")

    @cached_property
    def role(self) -> str:
        return self.names.role(self.id)

    @cached_property
    def log_group(self) -> str:
        """OSIS publishes only to groups under /aws/vendedlogs/ (OSIS user guide, pipeline logs)."""
        return LOG_GROUP.named(f"/aws/vendedlogs/OpenSearchIngestion/{self.pipeline}")

    def part(self, sub_pipeline: str) -> str:
        """One of its sub-pipelines, unique in the environment: orders-1, or orders-1.writer in a body of one's own."""
        return self.id if sub_pipeline == self.id else f"{self.id}.{sub_pipeline}"

    def schedule(self, action: str) -> str:
        """orders-1-start, in the environment's group."""
        return SCHEDULE.named(f"{self.id}-{action}")

    @property
    def export_prefix(self) -> str:
        return f"{EXPORT_PREFIX}{self.id}/"

    @property
    def dlq_prefix(self) -> str:
        return f"{DLQ_PREFIX}{self.id}/"
