"""Tests of runners; the contract is a module of asserts without being a test module itself."""

import pytest

pytest.register_assert_rewrite("tests.runners.contract")
