"""Compiling a few hundred small functions into one loop without making machine code of each of them alone.

numba optimises every function with all that it calls, makes machine code of it, and does so again at each caller above.
Of a loop that nobody enters but at its top, all of that but the last is thrown away. Here a function below the top
(`Inner`) stays LLVM's intermediate form; the top (`Outer`) takes in each of them once, as its own, and LLVM optimises
the whole: it compiles in a third of the time, and functions with one caller vanish into it.

This uses numba's library and pipeline classes, which are no public interface: they are those of the locked version,
and tests/research/compiled fail where another one differs.
"""
# ruff: noqa: SLF001 - libraries of one module that hand their modules to each other
# mypy: disable-error-code="no-untyped-call, import-untyped, import-not-found"

from typing import Any

from llvmlite import binding
from numba._dynfunc import make_function
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class InnerLibrary(JITCodeLibrary):
    """The form of a function that is only called by compiled ones: kept as it was lowered."""

    def finalize(self) -> None:
        """Leave optimising and machine code to the library that takes this one in."""
        self._finalized = True

    def _get_module_for_linking(self) -> binding.ModuleRef:
        """Return the function with all that it calls, for a caller that was compiled by numba's own pipeline."""
        if self._shared_module is None:
            inner, others = _below([self])
            module = self._final_module.clone()
            for library in inner[1:]:
                module.link_in(library._final_module, preserve=True)
            for library in others:
                module.link_in(library._get_module_for_linking(), preserve=True)
            for function in module.functions:
                if not function.is_declaration and function.linkage == binding.Linkage.external:
                    function.linkage = binding.Linkage.linkonce_odr  # other modules may bring it too
            self._shared_module = module
        return self._shared_module


class OuterLibrary(JITCodeLibrary):
    """The loop with everything that it calls."""

    def finalize(self) -> None:
        """Take in all inner functions, each once, callable from nowhere else; then optimise and make machine code."""
        inner, others = _below(self._linking_libraries)
        self._linking_libraries = others
        taken = set()
        for library in inner:
            self._final_module.link_in(library._final_module, preserve=True)
            taken |= {each.name for each in library._final_module.functions if not each.is_declaration}
        for function in self._final_module.functions:
            if function.name in taken:
                # Not `internal`: LLVM may change such a function for its callers, and the engine knows it by its name.
                function.linkage = binding.Linkage.private
        super().finalize()


def _below(libraries: list[Any]) -> tuple[list[InnerLibrary], list[Any]]:
    """Return the inner libraries at any depth, and the others, in the order in which they are met."""
    inner: dict[InnerLibrary, None] = {}
    others: dict[Any, None] = {}
    waiting = list(libraries)
    while waiting:
        library = waiting.pop(0)
        if not isinstance(library, InnerLibrary):
            others[library] = None
        elif library not in inner:
            inner[library] = None
            waiting += library._linking_libraries
    return list(inner), list(others)


@register_pass(mutates_CFG=True, analysis_only=False)
class InnerLowering(NativeLowering):
    """Lowers a function, and tells callers where its form is, without making machine code."""

    _name = "inner_lowering"

    def run_pass(self, state: Any) -> bool:  # noqa: ANN401 - numba's dict of everything
        """Lower."""
        state.flags.no_compile = True
        super().run_pass(state)
        name = state.func_id.func_name
        nowhere = 0  # numba knows a function by its Python entry, and this one has none
        entry = make_function(state.func_id.module, name, name, nowhere, state.cr.env, (state.library,))
        state.targetctx.insert_user_function(entry, state.cr.fndesc, [state.library])
        state["cr"] = state.cr._replace(cfunc=entry)
        return True


class Inner(CompilerBase):
    """numba's pipeline for a function below the top; the option `pipeline_class` takes it."""

    def define_pipelines(self) -> list[PassManager]:
        """Return numba's own passes with `InnerLowering` in place of its lowering."""
        self.state.library = InnerLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        manager.passes = [(InnerLowering if each is NativeLowering else each, text) for each, text in manager.passes]
        manager._finalized = False
        manager.finalize()
        return [manager]


class Outer(CompilerBase):
    """numba's pipeline for the function at the top."""

    def define_pipelines(self) -> list[PassManager]:
        """Return numba's own passes, which then fill an `OuterLibrary`."""
        self.state.library = OuterLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        self.state.library.enable_object_caching()
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


INNER: Any = {"pipeline_class": Inner, "no_cfunc_wrapper": True}
"""What `register_jitable` and `overload` take as options for a function below the top."""
