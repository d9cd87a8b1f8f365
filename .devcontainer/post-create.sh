#!/usr/bin/env bash
# What the README's test command installs, once, when the container is made.
set -euo pipefail
apt-get update -qq
apt-get install -y -qq rabbitmq-server postgresql curl chromium
pip install -q -c constraints.txt -e ".[test,lab]"
echo "Next: genesys-workbench lab"
