"""Judges documents by a JSON Schema, of the draft that it names. argv: schema file, then files of YAML or JSON.
Prints one line per document: `valid`, or `invalid` and where."""
import json
import sys

import jsonschema
import yaml

with open(sys.argv[1]) as file:
    schema = json.load(file)
of_draft = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
of_draft.check_schema(schema)
validator = of_draft(schema)
for name in sys.argv[2:]:
    with open(name) as file:
        try:
            document = yaml.safe_load(file)
        except yaml.YAMLError:
            print("not yaml")
            continue
    errors = list(validator.iter_errors(document))
    print("invalid " + errors[0].json_path if errors else "valid")
