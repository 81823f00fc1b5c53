"""Speaks to a Route 53 API as AWS's own client does, so that what the fake answers is held against a real reader.

usage: route53_with_boto3.py URL ZONE. Keys come from the environment. Prints what it sees, a line each."""
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

url, zone_name = sys.argv[1:3]
client = boto3.client("route53", endpoint_url=url, region_name="us-east-1",
                      config=Config(retries={"max_attempts": 1}, proxies={}))


def change(action, value, ttl=60):
    """The error's code and sentence, or the change's status."""
    records = {"Name": "boto.example.com", "Type": "TXT", "TTL": ttl, "ResourceRecords": [{"Value": value}]}
    try:
        reply = client.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Comment": "x", "Changes": [{"Action": action, "ResourceRecordSet": records}]})
    except ClientError as error:
        return f"{error.response['ResponseMetadata']['HTTPStatusCode']} {error.response['Error']['Code']}"
    info = reply["ChangeInfo"]
    client.get_waiter("resource_record_sets_changed").wait(Id=info["Id"], WaiterConfig={"Delay": 0, "MaxAttempts": 9})
    return f"{info['Status']} at {info['SubmittedAt'].year}, then {client.get_change(Id=info['Id'])['ChangeInfo']['Status']}"


zones = client.list_hosted_zones_by_name(DNSName=zone_name)["HostedZones"]
print("zones", [(each["Name"], each["Config"]["PrivateZone"]) for each in zones])
zone = zones[0]["Id"]
print("get", client.get_hosted_zone(Id=zone)["HostedZone"]["Name"])
print("create", change("CREATE", '"a <b> & \\"c\\" \\303\\244"'))
print("create again", change("CREATE", '"x"'))
print("upsert", change("UPSERT", '"former"'))
print("upsert", change("UPSERT", '"d"'))
print("delete another value", change("DELETE", '"e"'))
print("delete a former value", change("DELETE", '"former"'))
print("delete another TTL", change("DELETE", '"d"', 61))
print("delete", change("DELETE", '"d"'))
print("delete again", change("DELETE", '"d"'))
pages = list(client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone))
print("pages", len(pages))
for page in pages:
    for each in page["ResourceRecordSets"]:
        values = " | ".join(record["Value"] for record in each.get("ResourceRecords", []))
        identifier = f" ({each['SetIdentifier']})" if "SetIdentifier" in each else ""
        print("set", each["Name"], each.get("TTL", "-"), each["Type"], values + identifier)
try:
    client.list_resource_record_sets(HostedZoneId="ZNOTHERE")
except client.exceptions.NoSuchHostedZone as error:
    print("other zone", error.response["Error"]["Message"])
