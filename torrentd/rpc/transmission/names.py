"""How the two dialects spell the same names: snake_case (since 4.1), and a mix of camelCase and kebab-case before.

Inside there is snake_case only; the legacy dialect is spelled at the edge. Names that are not here are spelled alike in
both dialects.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_CAMEL: Final = """
    active_torrent_count activity_date added_date announce_state bandwidth_priority bytes_completed client_is_choked
    client_is_interested client_name corrupt_ever date_created desired_available done_date download_count
    download_limit download_limited download_speed downloaded_bytes downloaded_ever edit_date error_string eta_idle
    file_stats files_added flag_str from_cache from_dht from_incoming from_lpd from_ltep from_pex from_tracker
    has_announced has_scraped hash_string have_unchecked have_valid honors_session_limits is_backup
    is_downloading_from is_encrypted is_finished is_incoming is_private is_stalled is_uploading_to
    last_announce_peer_count last_announce_result last_announce_start_time last_announce_succeeded
    last_announce_time last_announce_timed_out last_scrape_result last_scrape_start_time last_scrape_succeeded
    last_scrape_time last_scrape_timed_out leecher_count left_until_done magnet_link manual_announce_time
    max_connected_peers metadata_percent_complete next_announce_time next_scrape_time paused_torrent_count
    peer_is_choked peer_is_interested peers_connected peers_from peers_getting_from_us peers_sending_to_us
    percent_complete percent_done piece_count piece_size queue_position rate_download rate_to_client rate_to_peer
    rate_upload recheck_progress scrape_state seconds_active seconds_downloading seconds_seeding seed_idle_limit
    seed_idle_mode seed_ratio_limit seed_ratio_limited seed_ratio_mode seeder_count session_count size_when_done
    start_date torrent_count torrent_file total_size tracker_add tracker_list tracker_remove tracker_replace
    tracker_stats upload_limit upload_limited upload_ratio upload_speed uploaded_bytes uploaded_ever
    webseeds_sending_to_us
"""
"""what a torrent has, and counts"""

_KEBAB: Final = """
    alt_speed_down alt_speed_enabled alt_speed_time_begin alt_speed_time_day alt_speed_time_enabled
    alt_speed_time_end alt_speed_up anti_brute_force_enabled anti_brute_force_threshold blocklist_enabled
    blocklist_size blocklist_url config_dir cumulative_stats current_stats default_trackers delete_local_data
    dht_enabled download_dir download_dir_free_space download_queue_enabled download_queue_size file_count
    files_unwanted files_wanted idle_seeding_limit idle_seeding_limit_enabled incomplete_dir incomplete_dir_enabled
    lpd_enabled memory_bytes memory_units peer_limit peer_limit_global peer_limit_per_torrent peer_port
    peer_port_random_on_start pex_enabled port_forwarding_enabled port_is_open primary_mime_type priority_high
    priority_low priority_normal queue_stalled_enabled queue_stalled_minutes recently_active rename_partial_files
    rpc_host_whitelist rpc_host_whitelist_enabled rpc_version rpc_version_minimum rpc_version_semver
    script_torrent_added_enabled script_torrent_added_filename script_torrent_done_enabled
    script_torrent_done_filename script_torrent_done_seeding_enabled script_torrent_done_seeding_filename
    seed_queue_enabled seed_queue_size session_id size_bytes size_units speed_bytes speed_limit_down
    speed_limit_down_enabled speed_limit_up speed_limit_up_enabled speed_units start_added_torrents tcp_enabled
    torrent_added torrent_duplicate trash_original_torrent_files utp_enabled
"""
"""settings, and the arguments of methods"""

_IRREGULAR: Final = {"is_utp": "isUTP", "cache_size_mib": "cache-size-mb"}

_OF_TORRENTS: Final = {"download_dir": "downloadDir"}
_BY_METHOD: Final = {
    "torrent_get": _OF_TORRENTS,
    "torrent_set": _OF_TORRENTS,
    "free_space": {"total_size": "total_size"},
}
"""names that are spelled in two ways"""

SPELLINGS: Final = 4096
"""Spellings that are remembered: a few hundred exist, and a caller may make up more."""

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def kebab(name: str) -> str:
    """`torrent_get` as `torrent-get`: what methods are called in the legacy dialect."""
    return name.replace("_", "-")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


LEGACY: Final = (
    {name: _camel(name) for name in _CAMEL.split()} | {name: kebab(name) for name in _KEBAB.split()} | _IRREGULAR
)
_MODERN: Final = {legacy: name for name, legacy in _IRREGULAR.items()}


def legacy(name: str, method: str) -> str:
    """A name in the legacy dialect, as an argument or a part of the answer of a method (in snake_case)."""
    return _BY_METHOD.get(method, {}).get(name) or LEGACY.get(name, name)


@lru_cache(SPELLINGS)
def snake(name: str) -> str:
    """A name of either dialect in snake_case. Clients mix the two."""
    return _MODERN.get(name) or _HUMP.sub("_", name).replace("-", "_").lower()
