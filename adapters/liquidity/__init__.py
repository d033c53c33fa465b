"""Liquidity providers, one package per vendor dialect (docs/adding/a-liquidity-provider.md)."""
