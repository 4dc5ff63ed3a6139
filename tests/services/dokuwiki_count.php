<?php
// How many pages DokuWiki's full-text search finds for a query and lets the world read:
// php -d auto_prepend_file=SETTINGS dokuwiki_count.php FOLDER QUERY
define('DOKU_INC', $argv[1] . '/');
define('NOSESSION', 1);
require_once DOKU_INC . 'inc/init.php';
auth_setup(); // the rights of somebody without a session
$marked = [];
echo count(ft_pageSearch($argv[2], $marked)), "\n";
