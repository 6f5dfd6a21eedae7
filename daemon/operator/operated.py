"""What the operator's door needs of a daemon: requests become commands and questions, and are answered."""

from collections.abc import Awaitable, Callable, Mapping

import msgspec
import structlog

from core.commands import ARM
from core.events import CommandReceived
from daemon.errors import DaemonError
from daemon.operator.messages import VERSION, Reply, Request
from daemon.operator.protocol import QUERIES, read_request
from daemon.operator.who import user_of
from engine.limit_commands import APPROVE
from engine.roster_commands import ADD

CODE = "code"
PROTECTED = frozenset((ARM, APPROVE))
"""What lets trading go on, or risk more: a second factor is asked for, where there is one."""
_REFUSED = "COMMAND_REFUSED: "

log = structlog.get_logger("tickerd")


class Operated:
    """What the door needs of a daemon."""

    def __init__(
        self,
        command: Callable[[CommandReceived], list[str]],
        queries: Mapping[str, Callable[[Request], msgspec.Struct]],
        adding: Callable[[Request, str], Awaitable[CommandReceived]] | None = None,
        why_not: Callable[[str, str], str] = lambda _code, _source: "",
    ) -> None:
        """`command` lets one in and returns what was said meanwhile; it raises DaemonError once the session is over.

        `queries` answer each of `protocol.QUERIES`, and change nothing; one raises DaemonError where it cannot.
        `adding` reads what a request wants to add, and makes the command of it; it raises DaemonError where it cannot.
        `why_not` tells why a code does not do, by whom it was given; empty where it does, or none is wanted.
        """
        self.command = command
        self.queries = queries
        self.adding = adding
        self.why_not = why_not

    def answer(self, line: bytes, source: str) -> Reply | Awaitable[Reply]:
        """Carry one request out; one that has to read files first is answered later."""
        request = read_request(line)
        if isinstance(request, str):
            return Reply(v=VERSION, id=0, ok=False, error=request)
        if request.ask in QUERIES:
            return self._query(request)
        if request.ask == ADD and self.adding is not None:
            return self._add(request, source, self.adding)
        args = dict(sorted(request.args.items()))
        if request.ask in PROTECTED:
            code = args.pop(CODE, "")  # the journal never has it
            if why := self.why_not(code, source):
                return Reply(v=VERSION, id=request.id, ok=False, error=f"{request.ask} {request.scope}: {why}")
        command = CommandReceived(
            name=request.ask,
            strategy_id=request.strategy,
            source=source,
            reason=request.reason,
            scope=request.scope,
            args=args,
            user=user_of(source),
        )
        return self._command(request, command)

    def _query(self, request: Request) -> Reply:
        """Answer a question."""
        try:
            return _with_result(request, self.queries[request.ask](request))
        except DaemonError as error:
            return Reply(v=VERSION, id=request.id, ok=False, error=str(error))

    async def _add(
        self, request: Request, source: str, adding: Callable[[Request, str], Awaitable[CommandReceived]]
    ) -> Reply:
        """Read what is to be added, then let the command in."""
        try:
            command = await adding(request, source)
        except DaemonError as error:
            return Reply(v=VERSION, id=request.id, ok=False, error=f"{ADD} {request.strategy}: {error}")
        return self._command(request, msgspec.structs.replace(command, user=user_of(source)))

    def _command(self, request: Request, command: CommandReceived) -> Reply:
        """Let a command in; what it was refused for is among what was said."""
        source = command.source
        try:
            said = self.command(command)
        except DaemonError as error:
            return Reply(v=VERSION, id=request.id, ok=False, error=str(error))
        log.info("operator", command=request.ask, scope=request.scope or request.strategy, source=source)
        refused = [text.removeprefix(_REFUSED) for text in said if text.startswith(_REFUSED)]
        if refused:
            return Reply(v=VERSION, id=request.id, ok=False, error=refused[0])
        return Reply(v=VERSION, id=request.id, ok=True, said=said)


def _with_result(request: Request, result: msgspec.Struct) -> Reply:
    return Reply(v=VERSION, id=request.id, ok=True, result=msgspec.Raw(msgspec.json.encode(result)))
