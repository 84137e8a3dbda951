"""The table of flags is whole and does not contradict itself."""

from collections import Counter

from trueup.builds.flags import BY_NAME, FLAGS, PINNED, Group, Keyed, Takes


def test_all_seventy_flags_are_there_by_what_they_are_about() -> None:
    assert Counter(f.group for f in FLAGS) == {
        Group.FEATURE: 15,
        Group.PLUGIN: 13,
        Group.BUILD: 9,
        Group.SHAPE: 8,
        Group.INPUT: 5,
        Group.EXECUTION: 4,
        Group.LOGITS: 4,
        Group.LORA: 4,
        Group.AUTO_PARALLEL: 3,
        Group.CACHE: 2,
        Group.SPECULATIVE: 2,
        Group.OUTPUT: 1,
    }


def test_no_two_flags_have_one_name() -> None:
    names = [n for f in FLAGS for n in (f.name, *f.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME) == 72
    assert {f.option for f in FLAGS} >= {"--max_batch_size", "--gemm_plugin"}


def test_a_default_is_what_the_flag_takes() -> None:
    for flag in FLAGS:
        if flag.default is None:
            continue
        if flag.takes is Takes.WHOLE:
            assert isinstance(flag.default, int)
            assert flag.default >= flag.least
        elif flag.takes is Takes.SWITCH:
            assert flag.default is False
        elif flag.choices:
            assert flag.default in flag.choices, flag.name


def test_places_and_ways_of_running_are_not_in_the_address() -> None:
    left_out = {f.name for f in FLAGS if f.keyed is Keyed.NOT}
    assert left_out == {
        "output_dir",
        "output_timing_cache",
        "workers",
        "log_level",
        "visualize_network",
        "dry_run",
        "monitor_memory",
    }
    assert {f.name for f in FLAGS if f.keyed is Keyed.RECORDED} == {"input_timing_cache"}
    assert all(f.keyed is not Keyed.VALUE for f in FLAGS if f.is_ours)


def test_sizes_are_always_given() -> None:
    assert {"max_batch_size", "max_seq_len", "max_num_tokens", "tokens_per_block"} < PINNED
