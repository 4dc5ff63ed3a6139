<?php
// Install WordPress as its own installer does and fill it with the articles of standard input (JSON).
// php fill.php FOLDER < articles.json
define('WP_INSTALLING', true);
function wp_new_blog_notification($blog_title, $blog_url, $user_id, $password) {} // no mail from a test
require $argv[1] . '/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

wp_install('Fernhill District Council', 'editor', 'editor@example.gov.uk', true, '', 'not-a-secret');
$articles = json_decode(stream_get_contents(STDIN), true);
wp_defer_term_counting(true);
wp_suspend_cache_addition(true);
$wpdb->query('START TRANSACTION');
foreach ($articles as $number => $article) {
    $id = wp_insert_post([
        'post_title' => $article['title'],
        'post_name' => $article['slug'],
        'post_content' => '<!-- wp:paragraph --><p>' . implode('</p><p>', $article['paragraphs']) . '</p><!-- /wp:paragraph -->',
        'post_type' => $number % 8 ? 'post' : 'page', // the default theme's menu lists every page
        'post_status' => $article['draft'] ? 'draft' : 'publish',
        'post_author' => 1,
        'post_date' => gmdate('Y-m-d H:i:s', 1215000000 + 3600 * $number),
    ], true);
    if (is_wp_error($id)) {
        fwrite(STDERR, $id->get_error_message());
        exit(1);
    }
}
$wpdb->query('COMMIT');
echo wp_count_posts('post')->publish + wp_count_posts('page')->publish, "\n";
