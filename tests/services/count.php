<?php
// How many published posts and pages WordPress finds for a query: php count.php FOLDER QUERY
require $argv[1] . '/wp-load.php';
$query = new WP_Query(['s' => $argv[2], 'post_status' => 'publish', 'posts_per_page' => 1]);
echo $query->found_posts, "\n";
