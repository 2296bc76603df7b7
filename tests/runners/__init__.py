"""Tests of runners; the contract contains assertions but is not itself a test module."""

import pytest

pytest.register_assert_rewrite("tests.runners.contract")
