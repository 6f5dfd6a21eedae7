"""The settings by which `tickerd journal prune|compress --policy` go."""

import argparse
from pathlib import Path

from config.audit_settings import AuditSettings
from daemon.commands.sessions import DEFAULT_ROOT


def load_audit(path: Path, options: argparse.Namespace) -> AuditSettings:
    """Return `[audit]` of a settings file; its sessions' root holds unless the command line named one."""
    from config.load import load

    settings = load(path).settings
    if options.root == DEFAULT_ROOT:
        options.root = Path(settings.session.root)
    return settings.audit
