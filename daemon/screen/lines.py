"""The status as plain lines, for pipes, files and services: one a second, the same words in the same places."""

from typing import TextIO

from core.orders import OPEN_STATES
from daemon.screen import words
from daemon.screen.history import History, profits_of
from daemon.status import Status
