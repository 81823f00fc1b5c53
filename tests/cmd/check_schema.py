"""Judges documents by a JSON Schema (2020-12). argv: schema file, then files of YAML or JSON.
Prints one line per document: `valid`, or `invalid` and where."""
import json
import sys

import jsonschema
import yaml

with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    with open(name) as file:
        try:
            document = yaml.safe_load(file)
        except yaml.YAMLError:
            print("not yaml")
            continue
    errors = list(validator.iter_errors(document))
    print("invalid " + errors[0].json_path if errors else "valid")
