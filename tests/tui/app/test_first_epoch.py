"""What is told of a training in its first epoch, after it was resumed, and of one that was stopped."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.training.fitted import PARTS, part_losses
from engine.runs.fold import TRACED, State, fold, replay
from engine.runs.home import Home
from engine.runs.log_entries import entry_of
from tests.tui.app.conftest import ready, settled
from tests.tui.app.recorded import NOON, epochs, event, prepared, record, source, started
from tests.tui.app.test_train import shown
from tui.app import Quantdeck
from tui.runs import status as run_status
from tui.screens.train import drawing
from tui.widgets.lines import plain
from tui.widgets.loss_chart import Losses
from tui.widgets.loss_chart import drawing as chart

MODEL = event("model", parameters=36545, devices=2, learning_rate=1e-3, patience=6)
losses = st.lists(st.floats(0.01, 9.0), min_size=1, max_size=3 * TRACED)


def entries(events):
    at = (NOON + dt.timedelta(seconds=number) for number in range(len(events) + 1))
    stamped = [each | {"at": next(at).isoformat(), "seq": seq} for seq, each in enumerate(events, 1)]
    return [entry_of(each, "a log") for each in stamped]


def batches(values, epoch=1):
    """A batch event for each loss."""
    return [
        event("batch", epoch=epoch, epochs=20, batch=number, batches=len(values), loss=loss,
              sequences_per_s=7912.0 if number > 1 else None)
        for number, loss in enumerate(values, 1)
    ]  # fmt: skip


@given(losses, st.integers(60, 220))
@settings(max_examples=40, deadline=None)
def test_a_first_epoch_tells_loss_rate_and_patience_and_never_that_it_compiles(by_batch, width):
    before = replay(State(), entries([*prepared(), MODEL]))
    assert run_status.status(before)[0] == "starting (compiling)"
    state = replay(before, entries(batches(by_batch)))
    assert run_status.status(state)[0] == "training"
    assert "compiling" not in drawing.waiting(state)
    line = plain(drawing.progress(state, width, ascii=False))
    assert f"loss {by_batch[-1]:.4f}" in line
    assert len(line) <= width
    if width >= 80:
        assert "lr 1.0e-03" in line
        assert "patience 0/6" in line
    one_by_one = before
    for each in entries(batches(by_batch)):
        one_by_one = fold(one_by_one, each)
    assert one_by_one.trace == state.trace
    assert len(state.trace) <= TRACED
    assert state.trace[0] == (1, by_batch[0])
    assert {loss for _, loss in state.trace} <= set(by_batch)
    view = Losses((), None, trace=state.trace, batches=state.batches)
    for height in (5, 12):
        lines = chart(view, width, height)
        assert len(lines) <= height
        assert all(len(plain(each)) <= width for each in lines)


def test_the_first_epoch_and_a_new_process_end_the_curve():
    begun = replay(State(), entries([*prepared(), MODEL, *batches([0.5, 0.4])]))
    assert begun.trace == ((1, 0.5), (2, 0.4))
    second = replay(begun, entries([*epochs(1), *batches([0.3], epoch=2)]))
    assert second.trace == ()
    resumed = replay(begun, entries([event("queued", resumed=True), *started()[1:]]))
    assert (resumed.trace, resumed.batches, resumed.sequences_per_s) == ((), 0, None)
    line = plain(drawing.progress(resumed, 80, ascii=False))
    assert line.startswith(" epochs ")
    assert "samples/s" not in line


@given(st.lists(losses, min_size=1, max_size=6), st.integers(40, 220), st.integers(5, 40), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_batches_of_epochs_that_are_over_stay_as_a_thin_trace(by_batch, width, height, log):
    over = []
    for number, each in enumerate(by_batch, 1):
        running = [(16 * count, sum(each[:count]) / count) for count in range(1, len(each) + 1)]
        parts = part_losses(running)
        assert len(parts) == min(len(each), PARTS)
        assert min(each) - 1e-4 <= min(parts) <= max(parts) <= max(each) + 1e-4
        if len(each) % PARTS == 0:
            assert sum(parts) / PARTS == pytest.approx(running[-1][1], rel=1e-4)
        over.append(event("epoch", epoch=number, epochs=6, loss=running[-1][1], val_loss=0.5,
                          batch_losses=parts))  # fmt: skip
    state = replay(State(), entries([*prepared(), MODEL, *over]))
    view = Losses.of(state.history, 1, log=log)
    assert [int(place) for place, _ in view.within] == [
        number for number, each in enumerate(by_batch) for _ in each[:PARTS]
    ]
    lines = chart(view, width, height)
    assert len(lines) <= height
    assert all(len(plain(each)) <= width for each in lines)
    bare = chart(replace(view, within=()), width, height)
    assert width < 70 or ("batches" in plain(lines[0]) and "batches" not in plain(bare[0]))


@pytest.mark.parametrize("ended", ["stopped", "failed"])
def test_only_a_fault_is_marked_as_one(ended):
    fetching = [
        *started(),
        event("stage", stage="collect", state="begin"),
        source("a", "page", page=1, pages=3),
    ]
    state = replay(State(), entries([*fetching, event(ended)]))
    texts = [plain(line) for line in [*drawing.stages(state, "run", 80), *drawing.sources(state, 80)]]
    assert any("✗" in line for line in texts) == (ended == "failed")


async def test_seconds_are_counted_while_a_run_imports_and_compiles(tmp_path, held):
    home, later = Home(tmp_path / "home"), [0]
    held(record(home, "3f2a0001", [*prepared(), MODEL]))
    deck = Quantdeck(home, first="train", now=lambda: NOON + dt.timedelta(seconds=later[0]))
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "starting (compiling) " in shown(deck)
        assert "so far" not in shown(deck)
        later[0] = 17
        deck.screen._count()
        await settled(pilot)
        assert "starting (compiling) · 17 s" in shown(deck) or "· 18 s" in shown(deck)
        assert "17.5 s so far" in shown(deck)


async def test_a_first_epoch_is_drawn_by_batch_at_80_by_24(tmp_path, held):
    home = Home(tmp_path / "home")
    held(record(home, "3f2a0001", [*prepared(), MODEL, *batches([1 / n for n in range(1, 60)])]))
    deck = Quantdeck(home, first="train", now=lambda: NOON)
    async with deck.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert "within epoch 1" in shown(deck)
        assert "⠤" in shown(deck) or "⣀" in shown(deck)
        assert "compiling" not in shown(deck)
