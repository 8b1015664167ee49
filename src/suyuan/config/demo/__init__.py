"""The living demo: one organisation, three branches, and twenty-four complaints lived through by the services."""

from suyuan.config.demo.script import ACCOUNTS, PASSWORD, accounts_text, demo_make

__all__ = ["ACCOUNTS", "PASSWORD", "accounts_text", "demo_make"]
