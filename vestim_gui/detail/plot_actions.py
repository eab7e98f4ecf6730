"""The keys of plots in the table of actions, so that the palette and the list of shortcuts include them."""

from __future__ import annotations

from functools import partial

from vestim_gui.context import Context
from vestim_gui.plots.canvas import PlotCanvas
from vestim_gui.plots.navigation import Command

COMMANDS: dict[str, Command] = {
    "plot.log": Command.LOG,
    "plot.smooth": Command.SMOOTH,
    "plot.grid": Command.GRID,
    "plot.zoom_in": Command.ZOOM_IN,
    "plot.zoom_out": Command.ZOOM_OUT,
    "plot.left": Command.LEFT,
    "plot.right": Command.RIGHT,
    "plot.up": Command.UP,
    "plot.down": Command.DOWN,
    "plot.home": Command.HOME,
    "plot.save": Command.SAVE,
    "plot.copy": Command.COPY,
    "plot.pop_out": Command.POP_OUT,
}


def job_plot(ctx: Context, name: str) -> PlotCanvas:
    """A plot that handles the plot actions and reports failures in a toast."""
    canvas = PlotCanvas(ctx.theme, name)
    canvas.failed.connect(lambda message: ctx.toasts.show_toast(message, kind="error"))
    canvas.saved.connect(lambda path: ctx.toasts.show_toast(f'Saved "{path}".', kind="ok"))
    for action_id, command in COMMANDS.items():
        ctx.actions.add_handler(action_id, partial(canvas.execute, command), canvas)
    return canvas
