# The move from CDKTF to its continuation, CDK Terrain, in our own sources; docs/way-out.md has the rest.
s/cdktf_cdktf_provider_aws/cdktn_provider_aws/g
s/^from cdktf import/from cdktn import/
s/"cdktf\.\*"/"cdktn.*"/
